-- opencode: OpenCode. Its own runtime's spans, over a thousand a run, and those of the Vercel AI
-- SDK (legacy names) for models and tools; log records are diagnostics.
-- recognised by: scope or service `opencode`
-- sessions: yes, by `session.id`
-- llm_calls: switched, `ai.streamText.doStream` and the like, or the span around it where that
--   never came; the last one of a run that ends before its batch is out is lost
-- tool_calls: yes, `ai.toolCall` spans with arguments, result and exit code, else `Tool.execute` by
--   name; what a person allowed is not sent
-- plans: switched, todowrite
-- step_history: switched, from list to list, at the times of the calls
-- tokens: switched, with cached and reasoning tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and exit codes
-- messages: switched, with the model calls
-- set in ~/.config/opencode/opencode.json: experimental.openTelemetry=true
-- set in environment: OTEL_EXPORTER_OTLP_ENDPOINT={http}
-- init: opencode
-- more: without experimental.openTelemetry there are tool calls only, by name

-- gives: recognition
WHERE scope_name = 'opencode' OR service_name = 'opencode'

-- gives: plan_lists
SELECT
  'tool_call' AS source,
  session_id,
  'opencode' AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  plan_document AS document,
  plan_result AS result,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'opencode' AND operation = 'ai.toolCall' AND status_code IS DISTINCT FROM 2
  AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- One call is a span ai.toolCall with the content and, inside, a span Tool.execute.
WITH report AS (
  SELECT
    *,
    valid_json(attributes['ai.toolCall.result']) AS answer,
    coalesce(operation = 'ai.toolCall', false) AS has_content,
    row_number() OVER (
      PARTITION BY session_id, tool_call_id, operation IS NOT DISTINCT FROM 'ai.toolCall'
      ORDER BY start_ns
    ) AS nth
  FROM tool_spans
  WHERE dialect = 'opencode' AND (operation = 'ai.toolCall' OR name = 'Tool.execute')
)
SELECT
  'span' AS source,
  session_id,
  'opencode' AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  tool_call_id AS call_id,
  visible(attributes['ai.toolCall.args']) AS arguments,
  visible(coalesce(answer ->> '$.output', attributes['ai.toolCall.result'])) AS result,
  CASE
    WHEN status_code = 2 OR TRY_CAST(answer ->> '$.metadata.exit' AS INTEGER) <> 0 THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE
    WHEN status_code = 2 THEN coalesce(status_message, error_type, 'failed')
    WHEN TRY_CAST(answer ->> '$.metadata.exit' AS INTEGER) <> 0
    THEN 'exit code ' || (answer ->> '$.metadata.exit')
  END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM report
WHERE has_content OR NOT EXISTS (
  SELECT 1
  FROM report AS fuller
  WHERE fuller.has_content
    AND fuller.session_id = report.session_id
    AND fuller.tool_call_id = report.tool_call_id
    AND fuller.nth = report.nth
)

-- gives: llm_calls
-- ai.streamText and the like repeat the counts of the ai.streamText.doStream inside; they are the
-- call only where that one never came.
WITH report AS (
  SELECT *, operation LIKE '%.do%' AS is_inner
  FROM model_spans
  WHERE dialect = 'opencode' AND operation LIKE 'ai.%' AND operation <> 'ai.toolCall'
),
wrapper AS (
  SELECT trace_id, parent_span_id FROM report WHERE is_inner
)
SELECT
  'span' AS source,
  session_id,
  'opencode' AS agent,
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
  CASE WHEN status_code = 2 THEN coalesce(status_message, error_type, 'failed') END AS error
FROM report
WHERE is_inner OR NOT EXISTS (
  SELECT 1 FROM wrapper
  WHERE wrapper.trace_id = report.trace_id AND wrapper.parent_span_id = report.span_id
)

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  TRY_CAST(attributes['ai.response.msToFirstChunk'] AS DOUBLE) AS ttft_ms,
  attributes['ai.response.finishReason'] AS finish_reason,
  visible(coalesce(attributes['ai.prompt.messages'], attributes['ai.prompt'])) AS input_messages,
  visible(coalesce(attributes['ai.response.text'], attributes['ai.response.toolCalls']))
    AS output_messages,
  'full' AS messages_mode
FROM model_texts
WHERE dialect = 'opencode' AND operation LIKE 'ai.%'
