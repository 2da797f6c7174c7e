-- qwen_code: Qwen Code, a fork of Gemini CLI with spans of its own. Its log events carry no trace
-- id, so calls of tools are matched by call id and those of models by response id.
-- recognised by: scope or service `qwen-code`, events `qwen-code.*`
-- sessions: yes, by `session.id`
-- llm_calls: yes, `qwen-code.api_response` and `api_error`, matched with spans by response id
-- tool_calls: yes, `qwen-code.tool_call` with arguments, decision and outcome, matched with spans
--   by call id; results with sensitive span attributes only
-- plans: yes, todo_write, also called through the wrapper tool `tool_call`; recent versions offer it
--   only with tools.todoWrite.enabled
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with cached and thinking tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, refused requests and failed tools
-- messages: switched, with sensitive span attributes; prompts without
-- set in ~/.qwen/settings.json: telemetry.enabled=true telemetry.target=local
--   telemetry.otlpEndpoint={grpc} telemetry.otlpProtocol=grpc telemetry.logPrompts=true
--   telemetry.includeSensitiveSpanAttributes=true tools.todoWrite.enabled=true
-- init: qwen
-- more: "includeSensitiveSpanAttributes": false keeps results and messages out; plans stay

-- gives: recognition
WHERE scope_name = 'qwen-code' OR service_name = 'qwen-code'

-- gives: plan_lists
-- A session of which no event came is read from its spans, which have arguments if they may.
WITH request AS (
  SELECT
    session_id, agent_name, trace_id, span_id, parent_span_id, plan_id, step_id,
    wrapped_tool(tool_name, plan_document) AS tool,
    wrapped_arguments(tool_name, plan_document) AS document,
    plan_result AS result, start_ns AS at_ns, seq, CAST(NULL AS VARCHAR) AS turn, 'span' AS signal
  FROM planning_spans
  WHERE dialect = 'qwen_code' AND name = 'qwen-code.tool' AND status_code IS DISTINCT FROM 2
    AND failure_in(plan_result) IS NULL
  UNION ALL BY NAME
  SELECT
    session_id, agent_name, trace_id, span_id, plan_id, step_id,
    wrapped_tool(tool_name, plan_document) AS tool,
    wrapped_arguments(tool_name, plan_document) AS document,
    event_ns(attributes, at_ns) AS at_ns, seq, attributes['prompt_id'] AS turn, 'log' AS signal
  FROM planning_logs
  WHERE dialect = 'qwen_code' AND event_name = 'qwen-code.tool_call'
    AND tool_ok IS DISTINCT FROM 'false'
),
told AS (
  SELECT DISTINCT session_id FROM request WHERE signal = 'log'
)
SELECT
  'tool_call' AS source,
  session_id,
  coalesce(agent_name, 'qwen-code') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool,
  document,
  result,
  turn,
  goal_in(tool, document) AS goal,
  at_ns,
  seq AS tie
FROM request
WHERE signal = 'log'
  OR NOT EXISTS (SELECT 1 FROM told WHERE told.session_id = request.session_id)

-- gives: tool_calls
-- A wrapper's call whose inner call is reported too is that call.
WITH result AS (
  SELECT *
  FROM tool_logs
  WHERE dialect = 'qwen_code' AND event_name = 'qwen-code.tool_call'
),
inner_call AS (
  SELECT session_id, attributes['parent_call_id'] AS call_id
  FROM result
  WHERE attributes['parent_call_id'] IS NOT NULL
),
execution AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY session_id, tool_call_id ORDER BY start_ns) AS nth
  FROM tool_spans
  WHERE dialect = 'qwen_code' AND name = 'qwen-code.tool'
),
outcome AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY session_id, tool_call_id ORDER BY event_ns(attributes, at_ns))
      AS nth
  FROM result
  WHERE NOT (tool_name = 'tool_call' AND EXISTS (
    SELECT 1 FROM inner_call
    WHERE inner_call.session_id = result.session_id AND inner_call.call_id = result.tool_call_id
  ))
),
call AS (
  SELECT
    CASE WHEN outcome.tool_name IS NULL THEN 'span' ELSE 'log' END AS source,
    coalesce(outcome.session_id, execution.session_id) AS session_id,
    coalesce(outcome.agent_name, execution.agent_name, 'qwen-code') AS agent,
    coalesce(execution.trace_id, outcome.trace_id) AS trace_id,
    coalesce(execution.span_id, outcome.span_id) AS span_id,
    execution.parent_span_id,
    coalesce(outcome.plan_id, execution.plan_id) AS plan_id,
    coalesce(outcome.step_id, execution.step_id) AS step_id,
    coalesce(outcome.tool_name, execution.tool_name) AS tool,
    coalesce(outcome.tool_call_id, execution.tool_call_id) AS call_id,
    visible(coalesce(
      outcome.attributes['function_args'], execution.attributes['gen_ai.tool.call.arguments']
    )) AS arguments,
    visible(execution.attributes['gen_ai.tool.call.result']) AS result,
    CASE
      WHEN outcome.tool_ok IS NOT NULL THEN outcome.tool_ok
      WHEN coalesce(execution.tool_ok, 'true') = 'false' OR execution.status_code = 2 THEN 'false'
      WHEN execution.end_ns > 0 THEN 'true'
    END AS is_good,
    coalesce(
      outcome.attributes['error'], outcome.attributes['error.message'],
      outcome.attributes['error_type'], execution.status_message, execution.error_type
    ) AS failure,
    outcome.attributes['decision'] AS decision,
    coalesce(
      execution.start_ns,
      before_ns(event_ns(outcome.attributes, outcome.at_ns),
        TRY_CAST(outcome.attributes['duration_ms'] AS DOUBLE))
    ) AS at_ns,
    coalesce(
      TRY_CAST(outcome.attributes['duration_ms'] AS DOUBLE),
      elapsed_ms(execution.start_ns, execution.end_ns)
    ) AS duration_ms
  FROM outcome
  FULL JOIN execution
    ON execution.session_id = outcome.session_id
    AND execution.tool_call_id = outcome.tool_call_id
    AND execution.nth = outcome.nth
)
SELECT
  * EXCLUDE (is_good, failure) REPLACE (
    wrapped_tool(tool, arguments) AS tool,
    wrapped_arguments(tool, arguments) AS arguments
  ),
  is_good = 'true' AND decision IS DISTINCT FROM 'reject' AND coalesce(exit_code_in(result), 0) = 0
    AS ok,
  CASE
    WHEN is_good = 'false' OR decision = 'reject' THEN coalesce(failure, decision, 'failed')
    WHEN exit_code_in(result) <> 0 THEN 'exit code ' || exit_code_in(result)
  END AS error
FROM call
WHERE source = 'log' OR tool <> 'tool_call' OR NOT EXISTS (
  SELECT 1 FROM inner_call
  WHERE inner_call.session_id = call.session_id AND inner_call.call_id = call.call_id
)

-- gives: llm_calls
WITH answer AS (
  SELECT
    *,
    attributes['response_id'] AS answer_id,
    TRY_CAST(attributes['duration_ms'] AS DOUBLE) AS took_ms,
    row_number() OVER (
      PARTITION BY session_id, attributes['response_id'] ORDER BY event_ns(attributes, at_ns)
    ) AS nth
  FROM model_logs
  WHERE dialect = 'qwen_code'
    AND event_name IN ('qwen-code.api_response', 'qwen-code.api_error')
),
request AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY session_id, response_id ORDER BY start_ns) AS nth
  FROM model_spans
  WHERE dialect = 'qwen_code' AND name = 'qwen-code.llm_request'
),
-- Of a session that lost events, spans of answered requests stand alone; where events have no ids
-- nothing tells which.
told AS (
  SELECT session_id,
    bool_or(answer_id IS NULL AND event_name = 'qwen-code.api_response') AS is_nameless
  FROM answer
  GROUP BY session_id
)
SELECT
  CASE WHEN request.span_id IS NULL THEN 'log' ELSE 'both' END AS source,
  true AS is_matched,
  answer.session_id,
  coalesce(answer.agent_name, request.agent_name, 'qwen-code') AS agent,
  coalesce(request.trace_id, answer.trace_id) AS trace_id,
  coalesce(request.span_id, answer.span_id) AS span_id,
  request.parent_span_id,
  coalesce(answer.plan_id, request.plan_id) AS plan_id,
  coalesce(answer.step_id, request.step_id) AS step_id,
  coalesce(answer.provider, request.provider) AS provider,
  coalesce(answer.model, request.model) AS model,
  coalesce(request.start_ns, before_ns(event_ns(attributes, at_ns), took_ms)) AS at_ns,
  took_ms AS duration_ms,
  TRY_CAST(attributes['ttft_ms'] AS DOUBLE) AS ttft_ms,
  answer.input_tokens,
  with_thoughts(answer.input_tokens, answer.output_tokens, answer.reasoning_tokens,
    TRY_CAST(attributes['total_token_count'] AS BIGINT), false) AS output_tokens,
  answer.cache_read_tokens,
  answer.cache_write_tokens,
  answer.reasoning_tokens,
  first_word(attributes['finish_reasons']) AS finish_reason,
  CASE WHEN event_name = 'qwen-code.api_error' THEN coalesce(
    attributes['error'], attributes['error.message'], attributes['error_message'],
    answer.error_type, 'http ' || attributes['status_code'], 'failed'
  ) END AS error,
  visible(attributes['response_text']) AS output_messages
FROM answer
LEFT JOIN request
  ON request.session_id = answer.session_id
  AND request.response_id = answer.answer_id
  AND request.nth = answer.nth
UNION ALL BY NAME
SELECT
  'span' AS source,
  true AS is_matched,
  session_id,
  coalesce(agent_name, 'qwen-code') AS agent,
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
FROM request
LEFT JOIN told USING (session_id)
WHERE told.session_id IS NULL
  OR (NOT is_nameless AND response_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM answer
    WHERE answer.session_id = request.session_id AND answer.answer_id = request.response_id
      AND answer.nth = request.nth
  ))

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  coalesce(
    TRY_CAST(attributes['ttft_ms'] AS DOUBLE),
    TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000
  ) AS ttft_ms,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'unknown' AS messages_mode
FROM model_texts
WHERE dialect = 'qwen_code' AND operation = 'chat'

-- gives: prompts
SELECT session_id, visible(coalesce(attributes['prompt'], attributes['prompt_text'])) AS content,
  event_ns(attributes, at_ns) AS at_ns
FROM prompt_logs
WHERE dialect = 'qwen_code'
