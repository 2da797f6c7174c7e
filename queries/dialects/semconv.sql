-- semconv: OpenTelemetry's GenAI conventions, as the official instrumentations and plain SDK users
-- write them; the old names (gen_ai.system, gen_ai.usage.prompt_tokens) are promoted alike.
-- A span and its log event gen_ai.client.inference.operation.details report the same call.

-- gives: plan_lists
SELECT
  'tool_call' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  plan_document AS document,
  explanation_in(plan_document) AS reason,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'semconv' AND operation = 'execute_tool'
  AND status_code IS DISTINCT FROM 2 AND error_type IS NULL AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- The Agents SDK instrumentation leaves the status unset and puts the error into the result.
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  tool_call_id AS call_id,
  visible(attributes['gen_ai.tool.call.arguments']) AS arguments,
  visible(attributes['gen_ai.tool.call.result']) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL THEN false
    WHEN failure_in(attributes['gen_ai.tool.call.result']) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed')
    ELSE failure_in(attributes['gen_ai.tool.call.result']) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM tool_spans
WHERE dialect = 'semconv' AND operation = 'execute_tool'

-- gives: llm_calls
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  provider,
  model,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  cost_usd,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans
WHERE dialect = 'semconv'
  AND (operation = 'chat' OR operation = 'text_completion' OR operation = 'generate_content'
    OR operation = 'embeddings')
UNION ALL BY NAME
SELECT
  'log' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  provider,
  model,
  at_ns,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  error_type AS error,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'unknown' AS messages_mode
FROM model_logs
WHERE dialect = 'semconv' AND event_name = 'gen_ai.client.inference.operation.details'

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000 AS ttft_ms,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'unknown' AS messages_mode
FROM model_texts
WHERE dialect = 'semconv'
  AND (operation = 'chat' OR operation = 'text_completion' OR operation = 'generate_content'
    OR operation = 'embeddings')
