-- semconv: OpenTelemetry's GenAI conventions, as the official instrumentations and plain SDK users
-- write them; the old names (gen_ai.system, gen_ai.usage.prompt_tokens) are promoted alike. The
-- span and the log event gen_ai.client.inference.operation.details report the same call.
-- recognised by: `gen_ai.operation.name` or events `gen_ai.*` of no dialect above
-- sessions: partly, by `gen_ai.conversation.id` or that of an enclosing span, else the trace
-- llm_calls: partly, `chat`, `generate_content`, `text_completion`, `embeddings`: span or event;
--   the instrumentation of OpenAI Agents has none, add the one of the openai package
-- tool_calls: partly, `execute_tool` spans, else calls in messages (attributes, span events or log
--   records) with content; decisions are not sent
-- plans: switched, with content: planning tools in `execute_tool` spans, or in messages
-- step_history: switched, with content: from list to list
-- tokens: yes, with the cache's part and reasoning where the client has them
-- cost: no, the conventions have none: computed where the price is known
-- errors: yes, failed spans, `error.type` and exceptions
-- messages: switched, with content
-- set in environment: OTEL_EXPORTER_OTLP_ENDPOINT={grpc} OTEL_EXPORTER_OTLP_PROTOCOL=grpc
--   OTEL_TRACES_EXPORTER=otlp OTEL_LOGS_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp
--   OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental
--   OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_AND_EVENT
--   OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT=true
-- init: sdk
-- more: older GenAI instrumentations want CAPTURE_MESSAGE_CONTENT=true instead

-- gives: plan_lists
SELECT
  dialect,
  'tool_call' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  plan_document AS document,
  plan_result AS result,
  explanation_in(plan_document) AS reason,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'semconv' AND coalesce(operation, 'execute_tool') = 'execute_tool'
  AND tool_name IS NOT NULL AND span_kind IS DISTINCT FROM 'pending_span'
  AND status_code IS DISTINCT FROM 2 AND error_type IS NULL AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- The Agents SDK instrumentation leaves the status unset and puts the error into the result. An MCP
-- client's or server's span inside the span of the tool is the same call.
WITH call AS (
  SELECT
    *,
    coalesce(
      attributes['gen_ai.tool.call.arguments'], attributes['tool_arguments'],
      attributes['mastra.tool_call.input'], attributes['mastra.mcp_tool_call.input'],
      in_event(events, 'gen_ai.tool.message', 'content'),
      at_path(in_event(events, 'gen_ai.client.inference.operation.details',
        'gen_ai.input.messages'), '$[0].parts[0].arguments')
    ) AS arguments,
    coalesce(
      attributes['gen_ai.tool.call.result'], attributes['tool_response'],
      attributes['mastra.tool_call.output'], attributes['mastra.mcp_tool_call.output'],
      block_texts(in_event(events, 'gen_ai.choice', 'message')),
      at_path(in_event(events, 'gen_ai.client.inference.operation.details',
        'gen_ai.output.messages'), '$[0].parts[0].response')
    ) AS result
  FROM tool_spans
  WHERE dialect = 'semconv' AND coalesce(operation, 'execute_tool') = 'execute_tool'
    AND span_kind IS DISTINCT FROM 'pending_span'
    AND (name NOT LIKE 'tools/call%' OR hash(trace_id, parent_span_id) NOT IN (
      SELECT hash(trace_id, span_id)
      FROM tool_spans
      WHERE trace_id IN (SELECT trace_id FROM spans WHERE name LIKE 'tools/call%')
    ))
)
SELECT
  dialect,
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
  visible(arguments) AS arguments,
  visible(result) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL OR tool_ok IN ('error', 'failure') THEN false
    WHEN failure_in(result) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  hides(arguments) OR hides(result) AS redacted,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL OR tool_ok IN ('error', 'failure')
    THEN coalesce(exception_in(events), status_message, error_type, failure_in(result), 'failed')
    ELSE failure_in(result) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call

-- gives: llm_calls
SELECT
  dialect,
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
  with_cache(input_tokens, cache_read_tokens, cache_write_tokens) AS input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  response_id,
  cost_usd,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans
WHERE dialect = 'semconv' AND is_model_call(operation)
  AND span_kind IS DISTINCT FROM 'pending_span'
UNION ALL BY NAME
SELECT
  dialect,
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
  with_cache(input_tokens, cache_read_tokens, cache_write_tokens) AS input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  response_id,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  error_type AS error,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'unknown' AS messages_mode
FROM model_logs
WHERE dialect = 'semconv' AND event_name = 'gen_ai.client.inference.operation.details'

-- gives: llm_texts
SELECT
  dialect,
  trace_id,
  span_id,
  coalesce(
    TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000,
    TRY_CAST(attributes['gen_ai.server.time_to_first_token'] AS DOUBLE)
  ) AS ttft_ms,
  coalesce(
    first_word(attributes['gen_ai.response.finish_reasons']),
    attributes['anthropic.message.stop_reason'],
    in_event(events, 'gen_ai.choice', 'finish_reason')
  ) AS finish_reason,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  CASE WHEN dialect IN ('pydantic_ai', 'strands') THEN 'full' ELSE 'unknown' END AS messages_mode,
  hides(attributes['gen_ai.input.messages']) OR hides(attributes['gen_ai.output.messages']) AS redacted
FROM model_texts
WHERE dialect = 'semconv' AND is_model_call(operation)
  AND span_kind IS DISTINCT FROM 'pending_span'
