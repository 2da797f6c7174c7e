-- model_logs: one row per log record that may be about a model call.
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
  error_type,
  provider,
  model,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
  response_id,
  dialect_of(scope_name, service_name, event_name, span_kind, operation) AS dialect
FROM logs
WHERE (model IS NOT NULL OR input_tokens IS NOT NULL) AND tool_name IS NULL
