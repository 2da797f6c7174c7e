-- agent_status: one row per agent and session: what it was doing when it was last heard of. `status`
-- is idle, busy or error, `since` when. A busy agent with `due_at`, when its next heartbeat should
-- have come, long past is gone or hangs.
WITH said AS (
  SELECT
    *,
    CASE event
      WHEN 'task_start' THEN 'busy'
      WHEN 'error' THEN coalesce(word, 'error')
      WHEN 'task_result' THEN coalesce(word, CASE outcome WHEN 'failure' THEN 'error' ELSE 'idle' END)
      ELSE word
    END AS status
  FROM owned_agent_events
),
changed AS (
  SELECT
    *,
    status IS DISTINCT FROM lag(status) OVER agent_order AS is_change
  FROM said
  WHERE status IS NOT NULL
  WINDOW agent_order AS (PARTITION BY session_id, agent ORDER BY at_ns, tie)
),
stood AS (
  SELECT
    session_id,
    agent,
    max_by(status, (at_ns, tie)) AS status,
    max(at_ns) FILTER (WHERE is_change) AS since_ns
  FROM changed
  GROUP BY session_id, agent
)
SELECT
  said.agent,
  said.session_id,
  any_value(stood.status) AS status,
  max_by(task, (at_ns, tie)) FILTER (WHERE event = 'task_start') AS task,
  at_nanos(any_value(stood.since_ns)) AS since,
  at_nanos(max(at_ns)) AS last_seen,
  at_nanos(max(TRY(at_ns + CAST(next_s * 1e9 AS BIGINT)))) AS due_at,
  count(*) FILTER (WHERE event = 'task_start') AS tasks_started,
  count(*) FILTER (WHERE event = 'task_result') AS tasks_ended,
  count(*) FILTER (WHERE event = 'task_result' AND outcome = 'failure') AS tasks_failed,
  count(*) FILTER (WHERE event = 'error') AS errors,
  max_by(error, (at_ns, tie)) FILTER (WHERE error IS NOT NULL) AS last_error,
  count(*) FILTER (WHERE event = 'heartbeat') AS heartbeats,
  max_by(task_id, (at_ns, tie)) FILTER (WHERE event = 'task_start') AS task_id,
  max_by(plan_id, (at_ns, tie)) AS plan_id,
  max_by(step_id, (at_ns, tie)) AS step_id,
  max_by(trace_id, (at_ns, tie)) AS trace_id
FROM said
LEFT JOIN stood
  ON stood.session_id = said.session_id AND stood.agent IS NOT DISTINCT FROM said.agent
GROUP BY said.session_id, said.agent
