-- tool_spans: one row per span that names a tool.
SELECT
  trace_id,
  span_id,
  parent_span_id,
  session_id,
  agent_name,
  plan_id,
  step_id,
  name,
  start_ns,
  end_ns,
  status_code,
  status_message,
  attributes,
  events,
  tool_name,
  tool_call_id,
  operation,
  span_kind,
  error_type,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE tool_name IS NOT NULL
