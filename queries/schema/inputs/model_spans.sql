-- model_spans: one row per span that may be about a model call: it names a model, or has tokens.
-- Two branches, because DuckDB skips row groups for each condition alone but not for either of two.
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
  operation,
  span_kind,
  error_type,
  provider,
  model,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE model IS NOT NULL AND tool_name IS NULL
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
  operation,
  span_kind,
  error_type,
  provider,
  model,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
  dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect
FROM spans
WHERE model IS NULL AND input_tokens IS NOT NULL AND tool_name IS NULL
