-- tool_spans: one row per span of a tool: one that names it, or by its kind is one and is named
-- after it.
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
  tool_ok,
  operation,
  span_kind,
  error_type,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE tool_name IS NOT NULL
UNION ALL
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
  coalesce(attributes['traceloop.entity.name'], name) AS tool_name,
  tool_call_id,
  tool_ok,
  operation,
  span_kind,
  error_type,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE tool_name IS NULL AND (span_kind = 'TOOL' OR span_kind = 'tool')
