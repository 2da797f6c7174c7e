-- planning_logs: one row per log record that carries a plan.
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
  seq,
  tool_name,
  tool_call_id,
  tool_ok,
  plan_document,
  plan_result,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM logs
WHERE plan_document IS NOT NULL
