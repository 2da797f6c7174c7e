-- sessions: one row per session: what agents call a session, conversation or thread, else a trace.
-- `title` is the goal of its first plan, else what was asked first, else that plan's first step.
-- `status` follows its last plan: running, paused, completed, failed or cancelled; NULL for a
-- session without a plan, because nothing in it says whether more will come. `errors` counts model
-- and tool calls that failed.
WITH model AS (
  SELECT
    session_id,
    min(agent) AS agent,
    min(dialect) AS dialect,
    count(*) AS llm_calls,
    count_if(error IS NOT NULL) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd,
    min(at_ns) AS first_ns,
    max(coalesce(TRY(at_ns + CAST(duration_ms * 1000000 AS BIGINT)), at_ns)) AS last_ns
  FROM counted_llm_calls
  GROUP BY session_id
),
tool AS (
  SELECT
    session_id,
    min(agent) AS agent,
    min(dialect) AS dialect,
    count(*) AS tool_calls,
    count_if(NOT ok) AS errors,
    min(at_ns) AS first_ns,
    max(coalesce(TRY(at_ns + CAST(duration_ms * 1000000 AS BIGINT)), at_ns)) AS last_ns
  FROM counted_tool_calls
  GROUP BY session_id
),
extent AS (
  SELECT session_id, min(agent_name) AS agent, min(start_ns) AS first_ns, max(end_ns) AS last_ns
  FROM spans
  WHERE session_id IS NOT NULL AND start_ns > 0
    -- A tool in VS Code has its window's id; the conversation's is on the chats around it.
    AND (operation IS DISTINCT FROM 'execute_tool' OR service_name IS DISTINCT FROM 'copilot-chat')
  GROUP BY session_id
),
planned AS (
  SELECT
    session_id,
    min_by(agent, (started_at, plan_id)) FILTER (WHERE started_at IS NOT NULL) AS agent,
    min_by(dialect, (started_at, plan_id)) FILTER (WHERE started_at IS NOT NULL) AS dialect,
    min_by(goal, (started_at, plan_id)) FILTER (WHERE started_at IS NOT NULL) AS goal,
    max_by(status, (started_at, plan_id)) FILTER (WHERE started_at IS NOT NULL) AS status,
    count(*) AS plans,
    sum(steps_done) AS steps_done,
    sum(steps_total) AS steps_total,
    min(nanos(started_at)) AS first_ns,
    max(nanos(ended_at)) AS last_ns
  FROM plans
  GROUP BY session_id
),
prompted AS (
  SELECT
    session_id,
    min_by(content, at_ns) FILTER (WHERE content IS NOT NULL) AS title,
    min(at_ns) AS first_ns,
    max(at_ns) AS last_ns,
    min(dialect) AS dialect
  FROM dialect_prompts
  GROUP BY session_id
),
opening AS (
  SELECT session_id, min_by(title, (at_ns, position, plan_id)) AS title
  FROM step_states
  GROUP BY session_id
),
session AS (
  SELECT
    session_id,
    coalesce(max(p_agent), max(m_agent), max(t_agent), max(e_agent)) AS agent,
    coalesce(max(p_dialect), max(m_dialect), max(t_dialect)) AS dialect,
    min(first_ns) AS first_ns,
    max(last_ns) AS last_ns
  FROM (
    SELECT session_id, agent AS p_agent, dialect AS p_dialect, first_ns, last_ns FROM planned
    UNION ALL BY NAME
    SELECT session_id, agent AS m_agent, dialect AS m_dialect, first_ns, last_ns FROM model
    UNION ALL BY NAME
    SELECT session_id, agent AS t_agent, dialect AS t_dialect, first_ns, last_ns FROM tool
    UNION ALL BY NAME
    SELECT session_id, agent AS e_agent, first_ns, last_ns FROM extent
    UNION ALL BY NAME
    SELECT session_id, dialect AS m_dialect, first_ns, last_ns FROM prompted
  )
  GROUP BY session_id
)
SELECT
  session.session_id,
  session.agent,
  session.dialect,
  coalesce(planned.goal, left(prompted.title, 200), opening.title) AS title,
  CASE planned.status
    WHEN 'draft' THEN 'running'
    WHEN 'active' THEN 'running'
    WHEN 'abandoned' THEN 'cancelled'
    WHEN 'superseded' THEN 'cancelled'
    ELSE planned.status
  END AS status,
  at_nanos(session.first_ns) AS started_at,
  at_nanos(session.last_ns) AS ended_at,
  elapsed_ms(session.first_ns, session.last_ns) AS duration_ms,
  coalesce(planned.plans, 0) AS plans,
  CAST(coalesce(planned.steps_done, 0) AS BIGINT) AS steps_done,
  CAST(coalesce(planned.steps_total, 0) AS BIGINT) AS steps_total,
  coalesce(model.llm_calls, 0) AS llm_calls,
  coalesce(tool.tool_calls, 0) AS tool_calls,
  CAST(coalesce(model.errors, 0) + coalesce(tool.errors, 0) AS BIGINT) AS errors,
  TRY_CAST(model.input_tokens AS BIGINT) AS input_tokens,
  TRY_CAST(model.output_tokens AS BIGINT) AS output_tokens,
  model.cost_usd
FROM session
LEFT JOIN planned ON planned.session_id = session.session_id
LEFT JOIN prompted ON prompted.session_id = session.session_id
LEFT JOIN opening ON opening.session_id = session.session_id
LEFT JOIN model ON model.session_id = session.session_id
LEFT JOIN tool ON tool.session_id = session.session_id
WHERE session.session_id IS NOT NULL
