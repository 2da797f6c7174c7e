-- plan_outcomes: one row per plan: what was wanted, how it ended, how long it took, what it cost.
-- Narrow with: SET VARIABLE session_id = '…'; or agent, or status = 'failed'.
SELECT
  plan_id,
  session_id,
  agent,
  dialect,
  goal,
  status,
  revision,
  steps_done,
  steps_failed,
  steps_total,
  started_at,
  duration_ms,
  input_tokens,
  output_tokens,
  cost_usd,
  trace_id
FROM plans
WHERE coalesce(session_id = getvariable('session_id'), true)
  AND coalesce(agent = getvariable('agent'), getvariable('agent') IS NULL)
  AND coalesce(status = getvariable('status'), true)
ORDER BY started_at, plan_id
