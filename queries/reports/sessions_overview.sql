-- sessions_overview: one row per session, the latest first, 50 of them.
-- Narrow with: SET VARIABLE agent = '…'; another length with: SET VARIABLE top = 500;
SELECT
  session_id,
  agent,
  dialect,
  title,
  status,
  started_at,
  duration_ms,
  plans,
  concat(steps_done, '/', steps_total) AS steps,
  llm_calls,
  tool_calls,
  errors,
  input_tokens,
  output_tokens,
  cost_usd
FROM sessions
WHERE coalesce(agent = getvariable('agent'), getvariable('agent') IS NULL)
ORDER BY started_at DESC, session_id
LIMIT coalesce(CAST(getvariable('top') AS BIGINT), 50)
