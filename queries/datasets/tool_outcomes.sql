-- tool_outcomes: one row per tool call that a model asked for by id: whether it worked, and what a
-- person or a policy said to it.
-- Narrow with: SET VARIABLE since = '2026-01-01';
SELECT
  coalesce(session_id, trace_id) AS session_id,
  call_id,
  tool,
  ok,
  decision
FROM tool_calls
WHERE call_id IS NOT NULL
  AND (getvariable('since') IS NULL OR started_at >= CAST(getvariable('since') AS TIMESTAMP))
ORDER BY 1, started_at, call_id
