-- vercel: the Vercel AI SDK: `ai.*` spans (up to version 6, LegacyOpenTelemetry later) and the
-- conventions of @ai-sdk/otel (version 7). The outer ai.generateText and ai.streamText repeat the
-- tokens and do not count.
-- recognised by: `ai.operationId`, scopes `ai`, `gen_ai`, `@ai-sdk/*`
-- sessions: partly, by `ai.telemetry.metadata.sessionId` where the application sets it, else the
--   trace; the agent is the functionId
-- llm_calls: yes, `.doGenerate` and `.doStream`, `chat` of version 7
-- tool_calls: yes, `ai.toolCall`, `execute_tool` with arguments and results
-- plans: yes, planning tools
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with cached and reasoning tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and exceptions
-- messages: yes, unless recordInputs or recordOutputs is false
-- set in code: experimental_telemetry: { isEnabled: true, metadata: { sessionId } }

-- gives: recognition
WHERE scope_name = 'ai' OR scope_name = 'gen_ai' OR scope_name LIKE '@ai-sdk/%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv

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
  tool_name AS tool,
  plan_document AS document,
  plan_result AS result,
  explanation_in(plan_document) AS reason,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'vercel' AND operation = 'ai.toolCall'
  AND status_code IS DISTINCT FROM 2 AND failure_in(plan_result) IS NULL

-- gives: tool_calls
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
  visible(attributes['ai.toolCall.args']) AS arguments,
  visible(attributes['ai.toolCall.result']) AS result,
  CASE
    WHEN status_code = 2 OR failure_in(unwrapped(attributes['ai.toolCall.result'])) IS NOT NULL
      THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  hides(attributes['ai.toolCall.args']) OR hides(attributes['ai.toolCall.result']) AS redacted,
  CASE WHEN status_code = 2 THEN coalesce(exception_in(events), status_message, 'failed')
    ELSE failure_in(unwrapped(attributes['ai.toolCall.result'])) END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM tool_spans
WHERE dialect = 'vercel' AND operation = 'ai.toolCall'

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
  with_cache(input_tokens, cache_read_tokens, cache_write_tokens) AS input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  response_id,
  CASE WHEN status_code = 2 THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans
WHERE dialect = 'vercel' AND operation LIKE 'ai.%.do%'

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  coalesce(
    TRY_CAST(attributes['ai.response.msToFirstChunk'] AS DOUBLE),
    TRY_CAST(attributes['ai.stream.msToFirstChunk'] AS DOUBLE)
  ) AS ttft_ms,
  coalesce(
    attributes['ai.response.finishReason'], attributes['ai.finishReason'],
    first_word(attributes['gen_ai.response.finish_reasons'])
  ) AS finish_reason,
  visible(attributes['ai.prompt.messages']) AS input_messages,
  visible(coalesce(attributes['ai.response.toolCalls'], attributes['ai.response.text']))
    AS output_messages,
  'full' AS messages_mode,
  hides(attributes['ai.prompt.messages']) OR hides(attributes['ai.response.text']) AS redacted
FROM model_texts
WHERE dialect = 'vercel' AND operation LIKE 'ai.%.do%'
