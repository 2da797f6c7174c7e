-- planning_spans: one row per span that carries a plan. Inputs filter on promoted columns alone,
-- so that Parquet statistics skip the rest and `attributes` is opened only for what is left.
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
  seq,
  tool_name,
  tool_call_id,
  operation,
  span_kind,
  error_type,
  plan_document,
  plan_result,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE plan_document IS NOT NULL
