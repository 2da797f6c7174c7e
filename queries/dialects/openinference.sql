-- openinference: Arize's conventions, used by instrumentations of some 35 frameworks. Spans only;
-- the kind of a span is `openinference.span.kind`, lists are flattened into numbered keys.
-- recognised by: `openinference.span.kind`, scopes `openinference.*` and `@arizeai/openinference*`
-- sessions: partly, by `session.id` where the application sets it, else the trace
-- llm_calls: yes, LLM spans; no time to the first token
-- tool_calls: yes, TOOL spans, else calls in messages of bare model clients (openai, anthropic, …);
--   decisions are not sent, several instrumentors give no call id
-- plans: yes, planning tools in TOOL spans, or in messages
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with the cache's part and reasoning where the instrumentor has them
-- cost: partly, `llm.cost.total` where the instrumentor has it, else computed where the price is
--   known
-- errors: yes, failed spans and exceptions
-- messages: yes, unless they are hidden
-- set in nothing: content is on
-- more: OPENINFERENCE_HIDE_INPUTS and the like leave out texts

-- gives: recognition
WHERE scope_name LIKE '@arizeai/openinference%'

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
WHERE dialect = 'openinference' AND span_kind = 'TOOL' AND status_code IS DISTINCT FROM 2
  AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- LangChain puts a whole message into output.value, call id and outcome included.
WITH call AS (
  SELECT
    *,
    attributes['output.value'] AS output,
    failure_in(attributes['output.value']) AS failure,
    CASE WHEN attributes['output.value'] LIKE '{"type": "tool"%'
      AND json_valid(attributes['output.value']) THEN attributes['output.value'] END AS message
  FROM tool_spans
  WHERE dialect = 'openinference' AND span_kind = 'TOOL'
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
  coalesce(tool_call_id, message ->> '$.data.tool_call_id') AS call_id,
  visible(attributes['input.value']) AS arguments,
  visible(coalesce(message ->> '$.data.content', output)) AS result,
  CASE WHEN status_code = 2 OR failure IS NOT NULL THEN false WHEN end_ns > 0 THEN true END AS ok,
  hides(attributes['input.value']) OR hides(output) AS redacted,
  CASE
    WHEN status_code = 2 THEN coalesce(
      list_filter(events, lambda event: event.name = 'exception')[-1]
        .attributes['exception.message'],
      status_message, 'failed'
    )
    ELSE failure
  END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call

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
  cost_usd,
  CASE WHEN status_code = 2 THEN coalesce(status_message, 'failed') END AS error
FROM model_spans
WHERE dialect = 'openinference' AND span_kind = 'LLM'
  AND name NOT LIKE '%.\_prepare\_%' ESCAPE '\' -- LlamaIndex gets a call ready

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  attributes['llm.finish_reason'] AS finish_reason,
  visible(attributes['input.value']) AS input_messages,
  visible(attributes['output.value']) AS output_messages,
  'full' AS messages_mode,
  hides(attributes['input.value']) OR hides(attributes['output.value']) AS redacted
FROM model_texts
WHERE dialect = 'openinference' AND span_kind = 'LLM'
