-- langsmith: LangSmith's OpenTelemetry export of LangChain, LangGraph and deepagents runs. A run's
-- inputs and outputs are JSON in gen_ai.prompt and gen_ai.completion; the session is the thread, a
-- LangSmith "session" is a project.
-- recognised by: scope `langsmith`, `langsmith.span.kind`
-- sessions: yes, by `langsmith.metadata.thread_id`, else the trace
-- llm_calls: yes, LLM runs; agents are not named
-- tool_calls: yes, tool runs
-- plans: yes, write_todos
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with the details of the cache and of reasoning
-- cost: no, none is sent, nor computed: the cache's part of the tokens is told in a JSON text that
--   sums do not read
-- errors: yes, failed runs
-- messages: yes, inputs and outputs of runs
-- set in environment: LANGSMITH_TRACING=true LANGSMITH_OTEL_ENABLED=true
--   OTEL_EXPORTER_OTLP_ENDPOINT={http}
-- more: LANGSMITH_TRACING_MODE wins over LANGSMITH_OTEL_ENABLED

-- gives: recognition
WHERE scope_name = 'langsmith'

-- gives: plan_lists, as semconv
-- gives: llm_calls, as semconv

-- gives: tool_calls
WITH call AS (
  SELECT
    *,
    coalesce(attributes['gen_ai.tool.call.arguments'], attributes['gen_ai.prompt']) AS input,
    coalesce(attributes['gen_ai.tool.call.result'], attributes['gen_ai.completion']) AS output
  FROM tool_spans
  WHERE dialect = 'langsmith' AND (operation = 'execute_tool' OR span_kind = 'tool')
)
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
  coalesce(tool_call_id, lc_call_id(output)) AS call_id,
  visible(lc_arguments(input)) AS arguments,
  visible(lc_content(output)) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL THEN false
    WHEN failure_in(output) IS NOT NULL OR failure_in(lc_content(output)) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  hides(lc_arguments(input)) OR hides(lc_content(output)) AS redacted,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(exception_in(events), status_message, error_type, 'failed')
    ELSE coalesce(failure_in(output), failure_in(lc_content(output))) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  TRY_CAST(at_path(attributes['gen_ai.usage.input_token_details'], '$.cache_read') AS BIGINT)
    AS cache_read_tokens,
  TRY_CAST(at_path(attributes['gen_ai.usage.input_token_details'], '$.cache_creation') AS BIGINT)
    AS cache_write_tokens,
  TRY_CAST(at_path(attributes['gen_ai.usage.output_token_details'], '$.reasoning') AS BIGINT)
    AS reasoning_tokens,
  visible(attributes['gen_ai.prompt']) AS input_messages,
  visible(attributes['gen_ai.completion']) AS output_messages,
  'full' AS messages_mode,
  hides(attributes['gen_ai.prompt']) OR hides(attributes['gen_ai.completion']) AS redacted
FROM model_texts
WHERE dialect = 'langsmith' AND (is_model_call(operation) OR span_kind = 'llm')
