-- tool_logs: one row per log record that names a tool.
SELECT
  trace_id,
  span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  event_name,
  nanos("at") AS at_ns,
  attributes,
  tool_name,
  tool_call_id,
  tool_ok,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM logs
WHERE tool_name IS NOT NULL
