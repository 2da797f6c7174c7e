-- goose: the goose agent. Spans named after its functions; since mid-2026 with OpenTelemetry's
-- attributes, before that with generic `input` and `output`.
-- recognised by: scope or service `goose`
-- sessions: yes, by `session.id`
-- llm_calls: partly, `chat` spans; releases without gen_ai.* attributes tell no tokens
-- tool_calls: yes, `dispatch_tool_call` spans, and with content what goose refused to dispatch, from
--   the messages; decisions are not sent
-- plans: switched, with content: the check list of todo_write
-- step_history: switched, with content: from list to list
-- tokens: partly, since mid-2026
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans
-- messages: switched, with content
-- set in environment: OTEL_EXPORTER_OTLP_ENDPOINT={http} OTEL_TRACES_EXPORTER=otlp
--   OTEL_LOGS_EXPORTER=otlp OTEL_METRICS_EXPORTER=otlp
--   OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true
-- init: goose
-- more: it speaks HTTP only: a protocol of grpc switches the signal off

-- gives: recognition
WHERE scope_name = 'goose' OR service_name = 'goose'

-- gives: plan_lists
SELECT
  'tool_call' AS source,
  session_id,
  coalesce(agent_name, 'goose') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  plan_document AS document,
  plan_result AS result,
  trace_id AS turn,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'goose' AND status_code IS DISTINCT FROM 2 AND error_type IS NULL
  AND failure_in(plan_result) IS NULL

-- gives: tool_calls
WITH call AS (
  SELECT
    *,
    dialect_of(scope_name, service_name, NULL, span_kind, operation) AS dialect,
    coalesce(attributes['gen_ai.tool.call.arguments'], attributes['input']) AS sent,
    visible(coalesce(attributes['gen_ai.tool.call.result'], attributes['output'])) AS result
  FROM spans
  WHERE (scope_name = 'goose' OR service_name = 'goose')
    AND (operation = 'execute_tool' OR name = 'dispatch_tool_call')
)
SELECT
  'span' AS source,
  session_id,
  coalesce(agent_name, 'goose') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  coalesce(tool_name, text_in(sent, 'name'), name) AS tool,
  tool_call_id AS call_id,
  visible(sent) AS arguments,
  result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL OR failure_in(result) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed') ELSE failure_in(result) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call
WHERE dialect = 'goose'

-- gives: llm_calls
SELECT
  'span' AS source,
  session_id,
  coalesce(agent_name, 'goose') AS agent,
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
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans
WHERE dialect = 'goose'
  AND (operation = 'chat' OR (operation IS NULL AND name = 'stream_response_from_provider'))

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000 AS ttft_ms,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  visible(coalesce(attributes['gen_ai.input.messages'], attributes['input'])) AS input_messages,
  visible(coalesce(attributes['gen_ai.output.messages'], attributes['output'])) AS output_messages,
  'unknown' AS messages_mode
FROM model_texts
WHERE dialect = 'goose'
