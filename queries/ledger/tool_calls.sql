-- tool_calls: one row per tool call. `ok` is false when the tool failed, was refused or, for a
-- command, exited non-zero, and NULL while nobody knows. `decision` is what a person or a policy
-- said; `redacted` says that the emitter hid arguments or result.
SELECT
  session_id,
  agent,
  dialect,
  plan_id,
  step_id,
  trace_id,
  span_id,
  tool,
  call_id,
  arguments,
  result,
  ok,
  error,
  decision,
  at_nanos(at_ns) AS started_at,
  duration_ms,
  source,
  linked_by,
  confidence,
  coalesce(redacted, false) AS redacted
FROM placed_tool_calls
