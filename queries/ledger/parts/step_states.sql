-- step_states: one row per thing that was said about a step: its line in a list, a change of its
-- own, or that a later list no longer has it. What a change leaves out is as it was said last.
WITH told AS (
  SELECT DISTINCT plan_id, step_id FROM dialect_step_changes WHERE source = 'log'
),
changed AS (
  SELECT change.*
  FROM dialect_step_changes AS change
  LEFT JOIN told ON told.plan_id = change.plan_id AND told.step_id = change.step_id
  WHERE source = 'log' OR told.plan_id IS NULL
),
held AS (
  SELECT plan_id, revision, session_id, agent, at_ns,
    coalesce(until_ns, 9223372036854775807) AS until_ns
  FROM numbered_lists
),
said AS (
  SELECT * FROM listed_states
  UNION ALL BY NAME
  SELECT * FROM replayed_steps
  UNION ALL BY NAME
  SELECT
    changed.plan_id, changed.step_id, coalesce(changed.revision, list.revision) AS revision,
    position, title, step_status(word) AS status, attempt, output, stdout, stderr, error,
    changed.at_ns,
    changed.tie, changed.trace_id, changed.span_id, 'native' AS source,
    'explicit' AS identity_source, changed.dialect,
    coalesce(changed.session_id, list.session_id, changed.trace_id) AS session_id,
    coalesce(changed.agent, list.agent) AS agent
  FROM changed
  LEFT JOIN held AS list
    ON list.plan_id = changed.plan_id
    AND list.at_ns <= changed.at_ns
    AND list.until_ns > changed.at_ns
),
filled AS (
  SELECT
    * REPLACE (
      coalesce(position, last_value(position IGNORE NULLS) OVER step_order) AS position,
      coalesce(title, last_value(title IGNORE NULLS) OVER step_order) AS title
    ),
    lag(status) OVER step_order AS previous_status,
    lag(title) OVER step_order AS previous_title,
    lead(at_ns) OVER step_order AS until_ns,
    lead(plan_id) OVER step_order IS NULL AS is_last
  FROM said
  WINDOW step_order AS (PARTITION BY plan_id, step_id ORDER BY at_ns, tie)
)
SELECT
  *,
  previous_status IS DISTINCT FROM status
    OR (title IS DISTINCT FROM previous_title AND previous_title IS NOT NULL) AS is_change
FROM filled
