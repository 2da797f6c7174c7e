-- tool_outcomes: one row per tool call: whether it worked, and what a person or a policy said to it.
-- Where the emitter told no call_id, it is known by its tool and when it started.
-- Narrow with: SET VARIABLE since = '2026-01-01';
SELECT
  coalesce(session_id, trace_id) AS session_id,
  call_id,
  tool,
  ok,
  decision,
  agent,
  epoch_us(started_at) AS started_us
FROM tool_calls
WHERE tool IS NOT NULL
  AND (getvariable('since') IS NULL OR started_at >= CAST(getvariable('since') AS TIMESTAMP))
ORDER BY 1, started_at, call_id, span_id
