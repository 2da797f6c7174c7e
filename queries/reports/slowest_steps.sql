-- slowest_steps: one row per finished step, the longest first, 20 of them.
-- Narrow with: SET VARIABLE agent = '…'; another length with: SET VARIABLE top = 100;
SELECT
  duration_ms,
  lock_wait_ms,
  title,
  status,
  attempt,
  agent,
  session_id,
  plan_id,
  step_id,
  started_at
FROM plan_steps
WHERE duration_ms IS NOT NULL
  AND coalesce(agent = getvariable('agent'), getvariable('agent') IS NULL)
ORDER BY duration_ms DESC, plan_id, step_id
LIMIT coalesce(CAST(getvariable('top') AS BIGINT), 20)
