-- claude_code: Anthropic's Claude Code, also under the Agent SDK. Log events have the arguments,
-- the outcome and the cost; spans (beta) the tree and, with detailed tracing, results. Reported
-- input tokens are without what the cache gave and took.
-- recognised by: scopes `com.anthropic.claude_code.*`, service `claude-code`
-- sessions: yes, by `session.id`; each sub-agent apart
-- llm_calls: yes, `api_request`, matched with spans by request id; spans where events are missing
-- tool_calls: yes, `tool_result` with its `tool_decision`, matched with spans by call id; refused
--   and unfinished ones too; results only in detailed tracing
-- plans: switched, OTEL_LOG_TOOL_DETAILS=1: TaskCreate and TaskUpdate (numbered in order unless
--   results tell the ids), ExitPlanMode; texts over 512 characters are cut by Claude Code. The items
--   of TodoWrite, and whole texts, need OTEL_LOG_RAW_API_BODIES=1 or detailed tracing
-- step_history: switched, with the plan: in the order of `event.sequence`
-- tokens: partly, with cache reads and writes; reasoning is not sent
-- cost: yes, `cost_usd` of each `api_request`
-- errors: yes, `api_error` and failed tools
-- messages: switched, prompts and answers with OTEL_LOG_USER_PROMPTS=1, whole requests with
--   detailed tracing only
-- set in ~/.claude/settings.json: env.CLAUDE_CODE_ENABLE_TELEMETRY="1"
--   env.CLAUDE_CODE_ENHANCED_TELEMETRY_BETA="1" env.OTEL_LOGS_EXPORTER=otlp
--   env.OTEL_METRICS_EXPORTER=otlp env.OTEL_TRACES_EXPORTER=otlp
--   env.OTEL_EXPORTER_OTLP_PROTOCOL=grpc env.OTEL_EXPORTER_OTLP_ENDPOINT={grpc}
--   env.OTEL_LOG_TOOL_DETAILS="1"
-- init: claude-code
-- more: OTEL_LOG_USER_PROMPTS=1 adds prompts and answers, OTEL_LOG_TOOL_CONTENT=1 what tools gave
--   back, OTEL_LOG_RAW_API_BODIES=1 the items of TodoWrite (event `api_response_body`)

-- gives: recognition
WHERE scope_name LIKE 'com.anthropic.claude\_code.%' ESCAPE '\' OR service_name = 'claude-code'

-- gives: plan_lists
-- Only detailed tracing has the arguments on the span; its answer tells the id of a new task.
-- Events show the items of a list as `<nested>`: the answer in which the model asked for the call
-- has them, if raw bodies are sent.
WITH request AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY session_id, tool_name, tool_call_id
      ORDER BY event_ns(attributes, at_ns), seq) AS nth
  FROM planning_logs
  WHERE dialect = 'claude_code' AND claude_event(event_name) = 'tool_result'
    AND tool_ok IS DISTINCT FROM 'false'
),
block AS (
  SELECT
    session_id,
    unnest(from_json(
      valid_json(attributes['body']) -> '$.content', '[{"id": "VARCHAR", "input": "JSON"}]'
    )) AS block
  FROM model_logs
  WHERE dialect = 'claude_code' AND claude_event(event_name) = 'api_response_body'
    AND session_id IN (SELECT session_id FROM request)
),
asked AS (
  SELECT session_id, block.id AS call_id, CAST(any_value(block.input) AS VARCHAR) AS document
  FROM block
  WHERE block.id IS NOT NULL
  GROUP BY session_id, block.id
),
execution AS (
  SELECT
    *,
    claude_text(plan_document) AS document,
    claude_text(plan_result) AS result,
    row_number() OVER (PARTITION BY session_id, tool_name, tool_call_id ORDER BY start_ns, seq)
      AS nth
  FROM planning_spans
  WHERE dialect = 'claude_code' AND status_code IS DISTINCT FROM 2
)
SELECT
  'tool_call' AS source,
  request.session_id,
  claude_agent(attributes) AS agent,
  coalesce(execution.trace_id, request.trace_id) AS trace_id,
  coalesce(execution.span_id, request.span_id) AS span_id,
  request.plan_id,
  request.step_id,
  request.tool_name AS tool,
  coalesce(
    asked.document,
    CASE WHEN request.plan_document NOT LIKE '%["<nested>"%'
      THEN claude_text(visible(request.plan_document)) END,
    execution.document
  ) AS document,
  execution.result,
  attributes['prompt.id'] AS turn,
  goal_in(request.tool_name, request.plan_document) AS goal,
  event_ns(attributes, at_ns) AS at_ns,
  coalesce(TRY_CAST(attributes['event.sequence'] AS BIGINT), request.seq) AS tie
FROM request
LEFT JOIN execution
  ON execution.session_id = request.session_id
  AND execution.tool_name = request.tool_name
  AND execution.tool_call_id = request.tool_call_id
  AND execution.nth = request.nth
LEFT JOIN asked
  ON asked.session_id = request.session_id AND asked.call_id = request.tool_call_id
UNION ALL BY NAME
SELECT
  'tool_call' AS source,
  session_id,
  'claude-code' AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  document,
  result,
  goal_in(tool_name, document) AS goal,
  start_ns AS at_ns,
  seq AS tie
FROM execution
WHERE NOT EXISTS (SELECT 1 FROM request WHERE request.session_id = execution.session_id)

-- gives: tool_calls
WITH event AS (
  SELECT
    *,
    claude_event(event_name) AS kind,
    event_ns(attributes, at_ns) AS said_ns,
    row_number() OVER (
      PARTITION BY session_id, claude_event(event_name), tool_call_id
      ORDER BY event_ns(attributes, at_ns), TRY_CAST(attributes['event.sequence'] AS BIGINT)
    ) AS nth
  FROM tool_logs
  WHERE dialect = 'claude_code' AND claude_event(event_name) IN ('tool_result', 'tool_decision')
),
decision AS (
  SELECT * FROM event WHERE kind = 'tool_decision' AND tool_call_id IS NOT NULL
),
outcome AS (
  SELECT * FROM event WHERE kind = 'tool_result'
),
told AS (
  SELECT
    coalesce(outcome.session_id, decision.session_id) AS session_id,
    coalesce(outcome.tool_call_id, decision.tool_call_id) AS call_id,
    coalesce(outcome.nth, decision.nth) AS nth,
    coalesce(outcome.tool_name, decision.tool_name) AS tool_name,
    coalesce(outcome.trace_id, decision.trace_id) AS trace_id,
    coalesce(outcome.span_id, decision.span_id) AS span_id,
    coalesce(outcome.plan_id, decision.plan_id) AS plan_id,
    coalesce(outcome.step_id, decision.step_id) AS step_id,
    coalesce(outcome.attributes, decision.attributes) AS attributes,
    CASE
      WHEN outcome.tool_name IS NOT NULL THEN coalesce(outcome.tool_ok, 'true')
      WHEN decision.attributes['decision'] = 'reject' THEN 'false'
    END AS outcome,
    decision.attributes['decision'] AS decision,
    coalesce(outcome.said_ns, decision.said_ns) AS said_ns
  FROM outcome
  FULL JOIN decision
    ON decision.session_id = outcome.session_id
    AND decision.tool_call_id = outcome.tool_call_id
    AND decision.nth = outcome.nth
),
part AS (
  SELECT
    trace_id,
    parent_span_id,
    max(CASE WHEN name = 'claude_code.tool.execution' THEN tool_ok END) AS is_good,
    max(CASE WHEN name = 'claude_code.tool.execution' THEN attributes['error'] END) AS failure,
    max(CASE WHEN name = 'claude_code.tool.blocked_on_user' THEN attributes['decision'] END)
      AS decision
  FROM spans
  WHERE scope_name = 'com.anthropic.claude_code.tracing'
    AND name IN ('claude_code.tool.execution', 'claude_code.tool.blocked_on_user')
  GROUP BY trace_id, parent_span_id
),
execution AS (
  SELECT
    tool_spans.* EXCLUDE (tool_ok),
    coalesce(tool_ok, part.is_good) AS tool_ok,
    part.failure,
    part.decision,
    list_filter(events, lambda event: event.name = 'tool.output')[1].attributes AS shown,
    row_number() OVER (PARTITION BY session_id, tool_call_id ORDER BY start_ns) AS nth
  FROM tool_spans
  LEFT JOIN part
    ON part.trace_id = tool_spans.trace_id AND part.parent_span_id = tool_spans.span_id
  WHERE dialect = 'claude_code' AND name = 'claude_code.tool'
),
call AS (
  SELECT
    CASE WHEN told.tool_name IS NULL THEN 'span' ELSE 'log' END AS source,
    coalesce(told.session_id, execution.session_id) AS session_id,
    claude_agent(coalesce(told.attributes, execution.attributes)) AS agent,
    coalesce(execution.trace_id, told.trace_id) AS trace_id,
    coalesce(execution.span_id, told.span_id) AS span_id,
    execution.parent_span_id,
    coalesce(told.plan_id, execution.plan_id) AS plan_id,
    coalesce(told.step_id, execution.step_id) AS step_id,
    claude_tool(coalesce(told.tool_name, execution.tool_name), told.attributes['tool_parameters'])
      AS tool,
    coalesce(told.call_id, execution.tool_call_id) AS call_id,
    coalesce(
      visible(told.attributes['tool_input']),
      claude_text(visible(execution.attributes['tool_input'])),
      visible(told.attributes['tool_parameters'])
    ) AS arguments,
    visible(coalesce(claude_text(execution.attributes['new_context']), shown['output'])) AS result,
    CASE
      WHEN told.tool_name IS NOT NULL THEN told.outcome
      WHEN execution.tool_ok IS NOT NULL THEN execution.tool_ok
      WHEN execution.status_code = 2 OR execution.decision = 'reject' THEN 'false'
      WHEN execution.end_ns > 0 THEN 'true'
    END AS outcome,
    coalesce(
      visible(told.attributes['error']), told.attributes['error_type'], execution.failure,
      execution.status_message
    ) AS failure,
    coalesce(told.decision, told.attributes['decision'], execution.decision) AS decision,
    coalesce(
      execution.start_ns,
      before_ns(told.said_ns, TRY_CAST(told.attributes['duration_ms'] AS DOUBLE))
    ) AS at_ns,
    coalesce(
      TRY_CAST(told.attributes['duration_ms'] AS DOUBLE),
      elapsed_ms(execution.start_ns, execution.end_ns)
    ) AS duration_ms
  FROM told
  FULL JOIN execution
    ON execution.session_id = told.session_id
    AND execution.tool_call_id = told.call_id
    AND execution.nth = told.nth
)
SELECT
  * EXCLUDE (outcome, failure),
  outcome = 'true' AS ok,
  CASE WHEN outcome = 'false' THEN coalesce(
    failure, CASE WHEN decision = 'reject' THEN 'rejected' END, 'failed') END AS error
FROM call

-- gives: llm_calls
WITH event AS (
  SELECT
    *,
    claude_event(event_name) AS kind,
    coalesce(attributes['request_id'], attributes['gen_ai.response.id']) AS request_id,
    row_number() OVER (
      PARTITION BY session_id, claude_event(event_name), attributes['request_id']
      ORDER BY event_ns(attributes, at_ns)
    ) AS nth
  FROM model_logs
  WHERE dialect = 'claude_code'
    AND claude_event(event_name) IN ('api_request', 'api_error', 'assistant_response')
),
answer AS (
  SELECT * FROM event WHERE kind = 'api_request' OR kind = 'api_error'
),
reply AS (
  SELECT
    session_id,
    request_id,
    string_agg(visible(attributes['response']), chr(10) ORDER BY nth) AS response
  FROM event
  WHERE kind = 'assistant_response' AND request_id IS NOT NULL
  GROUP BY session_id, request_id
),
request AS (
  SELECT
    *,
    row_number() OVER (PARTITION BY session_id, response_id ORDER BY start_ns) AS nth
  FROM model_spans
  WHERE dialect = 'claude_code' AND name = 'claude_code.llm_request'
),
-- A process that ends may lose its last events, spans of answered requests then stand alone; where
-- events have no request ids nothing tells which.
told AS (
  SELECT session_id, bool_or(request_id IS NULL AND kind = 'api_request') AS is_nameless
  FROM answer
  GROUP BY session_id
)
SELECT
  CASE WHEN request.span_id IS NULL THEN 'log' ELSE 'both' END AS source,
  true AS is_matched,
  answer.session_id,
  claude_agent(attributes) AS agent,
  coalesce(request.trace_id, answer.trace_id) AS trace_id,
  coalesce(request.span_id, answer.span_id) AS span_id,
  request.parent_span_id,
  coalesce(answer.plan_id, request.plan_id) AS plan_id,
  coalesce(answer.step_id, request.step_id) AS step_id,
  'anthropic' AS provider,
  answer.model,
  coalesce(
    request.start_ns,
    before_ns(event_ns(attributes, at_ns), TRY_CAST(attributes['duration_ms'] AS DOUBLE))
  ) AS at_ns,
  TRY_CAST(attributes['duration_ms'] AS DOUBLE) AS duration_ms,
  TRY_CAST(attributes['ttft_ms'] AS DOUBLE) AS ttft_ms,
  answer.input_tokens + coalesce(answer.cache_read_tokens, 0)
    + coalesce(answer.cache_write_tokens, 0) AS input_tokens,
  answer.output_tokens,
  answer.cache_read_tokens,
  answer.cache_write_tokens,
  coalesce(
    answer.cost_usd, TRY_CAST(attributes['cost_usd_micros'] AS DOUBLE) / 1000000
  ) AS cost_usd,
  attributes['stop_reason'] AS finish_reason,
  CASE WHEN kind = 'api_error' THEN coalesce(
    visible(attributes['error']), 'http ' || attributes['status_code'], 'failed') END AS error,
  reply.response AS output_messages
FROM answer
LEFT JOIN request
  ON request.session_id = answer.session_id
  AND request.response_id = answer.request_id
  AND request.nth = answer.nth
LEFT JOIN reply
  ON reply.session_id = answer.session_id
  AND reply.request_id = answer.request_id
  AND answer.nth = 1
UNION ALL BY NAME
SELECT
  'span' AS source,
  true AS is_matched,
  session_id,
  coalesce(agent_name, 'claude-code') AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  'anthropic' AS provider,
  model,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms,
  input_tokens + coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0) AS input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  cost_usd,
  CASE WHEN status_code = 2 OR tool_ok = 'false'
    THEN coalesce(status_message, error_type, 'failed') END AS error
FROM request
LEFT JOIN told USING (session_id)
WHERE told.session_id IS NULL
  OR (NOT is_nameless AND response_id IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM answer
    WHERE answer.session_id = request.session_id AND answer.request_id = request.response_id
      AND answer.nth = request.nth
  ))

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  TRY_CAST(attributes['ttft_ms'] AS DOUBLE) AS ttft_ms,
  first_word(coalesce(attributes['stop_reason'], attributes['gen_ai.response.finish_reasons']))
    AS finish_reason,
  visible(attributes['new_context']) AS input_messages,
  visible(attributes['response.model_output']) AS output_messages,
  'delta' AS messages_mode
FROM model_texts
WHERE dialect = 'claude_code'

-- gives: prompts
SELECT session_id, visible(coalesce(attributes['prompt'], attributes['prompt_text'])) AS content,
  event_ns(attributes, at_ns) AS at_ns
FROM prompt_logs
WHERE dialect = 'claude_code'
