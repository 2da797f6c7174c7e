-- gemini_cli: Google's Gemini CLI. A call of a model or tool is a log event and a span; the event
-- has the token counts and the outcome, the span the call id and the result. Each model call is a
-- trace of its own, and its answer's event is in none.
-- recognised by: scope or service `gemini-cli`, events `gemini_cli.*`
-- sessions: yes, by `session.id`
-- llm_calls: yes, `gemini_cli.api_response` and `api_error`, with the trace of their request; no
--   time to the first token
-- tool_calls: yes, `gemini_cli.tool_call` with decision and outcome; call id and result from the
--   span
-- plans: yes, write_todos and the task tracker, unless logPrompts is false; the text of an edited
--   plan file is not sent
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with cached and thinking tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, refused requests and failed tools
-- messages: yes, unless logPrompts is false
-- set in ~/.gemini/settings.json: telemetry.enabled=true telemetry.traces=true
--   telemetry.target=local telemetry.otlpEndpoint={grpc} telemetry.otlpProtocol=grpc
--   telemetry.logPrompts=true
-- init: gemini
-- more: "logPrompts": false keeps prompts, arguments and plans out; statuses of tools stay

-- gives: recognition
WHERE scope_name = 'gemini-cli' OR service_name = 'gemini-cli'

-- gives: plan_lists
WITH request AS (
  SELECT *, row_number() OVER (
    PARTITION BY trace_id, span_id, tool_name ORDER BY event_ns(attributes, at_ns), seq) AS nth
  FROM planning_logs
  WHERE dialect = 'gemini_cli' AND event_name = 'gemini_cli.tool_call'
),
execution AS (
  SELECT *, row_number() OVER (
    PARTITION BY trace_id, parent_span_id, tool_name ORDER BY start_ns, seq) AS nth
  FROM planning_spans
  WHERE dialect = 'gemini_cli' AND operation = 'tool_call'
)
SELECT
  'tool_call' AS source,
  request.session_id,
  coalesce(request.agent_name, 'gemini-cli') AS agent,
  request.trace_id,
  coalesce(execution.span_id, request.span_id) AS span_id,
  request.plan_id,
  request.step_id,
  request.tool_name AS tool,
  request.plan_document AS document,
  valid_json(execution.plan_result)
    ->> '$.response.responseParts[0].functionResponse.response.output' AS result,
  attributes['prompt_id'] AS turn,
  goal_in(request.tool_name, request.plan_document) AS goal,
  event_ns(attributes, at_ns) AS at_ns,
  request.seq AS tie
FROM request
LEFT JOIN execution
  ON execution.trace_id = request.trace_id
  AND execution.parent_span_id = request.span_id
  AND execution.tool_name = request.tool_name
  AND execution.nth = request.nth
WHERE tool_ok IS DISTINCT FROM 'false'
UNION ALL BY NAME
SELECT
  'tool_call' AS source,
  session_id,
  coalesce(agent_name, 'gemini-cli') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  plan_document AS document,
  valid_json(plan_result)
    ->> '$.response.responseParts[0].functionResponse.response.output' AS result,
  start_ns AS at_ns,
  seq AS tie
FROM execution
WHERE failure_in(plan_result) IS NULL
  AND status_code IS DISTINCT FROM 2
  AND NOT EXISTS (SELECT 1 FROM request WHERE request.session_id = execution.session_id)

-- gives: tool_calls
WITH result AS (
  SELECT *, row_number() OVER (
    PARTITION BY trace_id, span_id, tool_name ORDER BY event_ns(attributes, at_ns)) AS nth
  FROM tool_logs
  WHERE dialect = 'gemini_cli' AND event_name = 'gemini_cli.tool_call'
),
execution AS (
  SELECT
    *,
    valid_json(visible(attributes['gen_ai.output.messages'])) AS answer,
    row_number() OVER (PARTITION BY trace_id, parent_span_id, tool_name ORDER BY start_ns) AS nth
  FROM tool_spans
  WHERE dialect = 'gemini_cli' AND operation = 'tool_call'
),
call AS (
  SELECT
    CASE WHEN result.tool_name IS NULL THEN 'span' ELSE 'log' END AS source,
    coalesce(result.session_id, execution.session_id) AS session_id,
    coalesce(result.agent_name, execution.agent_name, 'gemini-cli') AS agent,
    coalesce(execution.trace_id, result.trace_id) AS trace_id,
    coalesce(execution.span_id, result.span_id) AS span_id,
    execution.parent_span_id,
    coalesce(result.plan_id, execution.plan_id) AS plan_id,
    coalesce(result.step_id, execution.step_id) AS step_id,
    coalesce(result.tool_name, execution.tool_name) AS tool,
    execution.tool_call_id AS call_id,
    coalesce(
      visible(result.attributes['function_args']),
      valid_json(visible(execution.attributes['gen_ai.input.messages'])) ->> '$.args'
    ) AS arguments,
    coalesce(
      answer ->> '$.response.responseParts[0].functionResponse.response.output',
      answer ->> '$.response.responseParts[0].functionResponse.response.error',
      answer ->> '$.response.responseParts[0].functionResponse.response'
    ) AS result,
    CASE
      WHEN result.tool_ok IS NOT NULL THEN result.tool_ok
      WHEN answer ->> '$.status' IN ('error', 'cancelled') OR execution.status_code = 2 THEN 'false'
      WHEN execution.end_ns > 0 THEN 'true'
    END AS outcome,
    coalesce(
      result.attributes['error'], result.attributes['error.message'],
      result.attributes['error_type'],
      answer ->> '$.response.errorType', execution.status_message
    ) AS failure,
    result.attributes['decision'] AS decision,
    coalesce(
      execution.start_ns,
      before_ns(event_ns(result.attributes, result.at_ns),
        TRY_CAST(result.attributes['duration_ms'] AS DOUBLE))
    ) AS at_ns,
    coalesce(
      TRY_CAST(result.attributes['duration_ms'] AS DOUBLE),
      elapsed_ms(execution.start_ns, execution.end_ns)
    ) AS duration_ms
  FROM result
  FULL JOIN execution
    ON execution.trace_id = result.trace_id
    AND execution.parent_span_id = result.span_id
    AND execution.tool_name = result.tool_name
    AND execution.nth = result.nth
)
SELECT
  * EXCLUDE (outcome, failure),
  outcome = 'true' AND decision IS DISTINCT FROM 'reject' AND coalesce(exit_code_in(result), 0) = 0
    AS ok,
  CASE
    WHEN outcome = 'false' OR decision = 'reject' THEN coalesce(failure, decision, 'failed')
    WHEN exit_code_in(result) <> 0 THEN 'exit code ' || exit_code_in(result)
  END AS error
FROM call

-- gives: llm_calls
-- An answer belongs to the last request event before it began; that one is in the call's trace.
WITH said AS (
  SELECT
    *,
    event_name = 'gemini_cli.api_request' AS is_request,
    event_ns(attributes, at_ns) AS said_ns,
    TRY_CAST(attributes['duration_ms'] AS DOUBLE) AS took_ms
  FROM model_logs
  WHERE dialect = 'gemini_cli'
    AND event_name IN (
      'gemini_cli.api_request', 'gemini_cli.api_response', 'gemini_cli.api_error'
    )
),
followed AS (
  SELECT
    *,
    last_value(CASE WHEN is_request THEN {'trace': trace_id, 'span': span_id,
      'text': attributes['request_text']} END IGNORE NULLS) OVER (
        PARTITION BY session_id, attributes['prompt_id']
        ORDER BY before_ns(said_ns, CASE WHEN NOT is_request THEN greatest(took_ms - 10, 0) END)
      ) AS request
  FROM said
),
answered AS (
  SELECT DISTINCT session_id FROM said WHERE NOT is_request
)
SELECT
  CASE WHEN request.span IS NULL THEN 'log' ELSE 'both' END AS source,
  true AS is_matched,
  session_id,
  coalesce(agent_name, 'gemini-cli') AS agent,
  coalesce(request.trace, trace_id) AS trace_id,
  coalesce(request.span, span_id) AS span_id,
  plan_id,
  step_id,
  'gcp.gen_ai' AS provider,
  model,
  before_ns(said_ns, took_ms) AS at_ns,
  took_ms AS duration_ms,
  input_tokens,
  with_thoughts(input_tokens, output_tokens, reasoning_tokens,
    TRY_CAST(attributes['total_token_count'] AS BIGINT), true) AS output_tokens,
  cache_read_tokens,
  reasoning_tokens,
  first_word(attributes['finish_reasons']) AS finish_reason,
  CASE WHEN event_name = 'gemini_cli.api_error' THEN coalesce(
    attributes['error'], attributes['error.message'], error_type,
    'http ' || attributes['status_code'], 'failed'
  ) END AS error,
  visible(request.text) AS input_messages,
  visible(attributes['response_text']) AS output_messages,
  'full' AS messages_mode
FROM followed
WHERE NOT is_request
UNION ALL BY NAME
SELECT
  'span' AS source,
  true AS is_matched,
  session_id,
  coalesce(agent_name, 'gemini-cli') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  coalesce(provider, 'gcp.gen_ai') AS provider,
  model,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  reasoning_tokens,
  CASE WHEN status_code = 2 THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans AS call
WHERE dialect = 'gemini_cli' AND operation = 'llm_call'
  AND NOT EXISTS (SELECT 1 FROM answered WHERE answered.session_id = call.session_id)

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'full' AS messages_mode
FROM model_texts
WHERE dialect = 'gemini_cli' AND operation = 'llm_call'

-- gives: prompts
SELECT session_id, visible(coalesce(attributes['prompt'], attributes['prompt_text'])) AS content,
  event_ns(attributes, at_ns) AS at_ns
FROM prompt_logs
WHERE dialect = 'gemini_cli'
