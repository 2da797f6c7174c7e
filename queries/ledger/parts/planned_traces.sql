-- planned_traces: one row per trace, or session without traces, in which work on a plan may be: it
-- names a plan or a step, or belongs to a session with a plan. `key` is the first that is known of
-- trace, session, plan and step. Three branches of spans, because DuckDB skips row groups for each
-- condition alone but not for either of two.
WITH key AS (
  SELECT session_id AS key FROM plan_lives
  UNION ALL
  SELECT trace_id FROM spans WHERE plan_id IS NOT NULL
  UNION ALL
  SELECT trace_id FROM spans WHERE step_id IS NOT NULL AND plan_id IS NULL
  UNION ALL
  SELECT trace_id FROM spans WHERE session_id IN (SELECT session_id FROM plan_lives)
  UNION ALL
  SELECT coalesce(trace_id, session_id, plan_id, step_id)
  FROM logs
  WHERE plan_id IS NOT NULL
    OR step_id IS NOT NULL
    OR session_id IN (SELECT session_id FROM plan_lives)
)
SELECT DISTINCT key
FROM key
WHERE key IS NOT NULL
