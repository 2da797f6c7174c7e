-- adk: Google's Agent Development Kit, both schemas: version 2 follows OpenTelemetry's conventions,
-- version 1 has contents under gcp.vertex.agent.* and a span `call_llm` around each model call.
-- recognised by: scope `gcp.vertex.agent`
-- sessions: yes, by `gen_ai.conversation.id`, in version 1 `gcp.vertex.agent.session_id`
-- llm_calls: yes, `generate_content` spans, else `call_llm`
-- tool_calls: yes, `execute_tool` spans; arguments and results with content only
-- plans: switched, with content: functions named like planning tools; text that PlanReActPlanner
--   tagged `/*PLANNING*/`, whose steps have no status
-- step_history: partly, of planning functions from list to list; tagged text tells no status, and
--   changes of state are not exported
-- tokens: yes, with cached and thinking tokens
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans with `error.type`
-- messages: switched, in version 2 off unless asked for; on in version 1
-- set in environment: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_AND_EVENT
-- more: ADK_TELEMETRY_SCHEMA_VERSION_OPT_IN=1 gives version 1, with content

-- gives: recognition
WHERE scope_name = 'gcp.vertex.agent'

-- gives: plan_lists
-- What a model says between the tags of a plan is one too, if nothing better is there.
WITH request AS (
  SELECT *
  FROM planning_spans
  WHERE dialect = 'adk' AND operation = 'execute_tool' AND tool_name <> '(merged tools)'
),
tagged AS (
  SELECT
    *,
    regexp_extract(
      readable(coalesce(
        attributes['gen_ai.output.messages'], attributes['gcp.vertex.agent.llm_response'])),
      '(?s)/\*(?:RE)?PLANNING\*/(.*?)(?:/\*[A-Z_]+\*/|$)', 1
    ) AS plan
  FROM spans
  WHERE scope_name = 'gcp.vertex.agent'
    AND (name = 'call_llm' OR operation = 'generate_content')
    AND coalesce(
      attributes['gen_ai.output.messages'], attributes['gcp.vertex.agent.llm_response']
    ) LIKE '%PLANNING*/%'
)
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
FROM request
WHERE status_code IS DISTINCT FROM 2 AND error_type IS NULL AND failure_in(plan_result) IS NULL
UNION ALL BY NAME
SELECT
  'text' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  CAST(to_json({'plan': replace(plan, '\n', chr(10))}) AS VARCHAR) AS document,
  end_ns AS at_ns,
  seq AS tie
FROM tagged
WHERE NOT EXISTS (SELECT 1 FROM request WHERE request.trace_id = tagged.trace_id)

-- gives: tool_calls
WITH call AS (
  SELECT
    *,
    visible(coalesce(
      attributes['gen_ai.tool.call.result'], attributes['gcp.vertex.agent.tool_response']
    )) AS result
  FROM tool_spans
  WHERE dialect = 'adk' AND operation = 'execute_tool' AND tool_name <> '(merged tools)'
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
  tool_call_id AS call_id,
  nullif(visible(coalesce(
    attributes['gen_ai.tool.call.arguments'], attributes['gcp.vertex.agent.tool_call_args'])), '{}')
    AS arguments,
  nullif(coalesce(valid_json(result) ->> '$.result', result), '{}') AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL OR failure_in(result) IS NOT NULL
      OR json_keys(valid_json(result)) = ['error'] THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL OR failure_in(result) IS NOT NULL
    OR json_keys(valid_json(result)) = ['error']
    THEN coalesce(valid_json(result) ->> '$.error', valid_json(result) ->> '$.error_message',
      failure_in(result), status_message, error_type,
      'failed') END AS error,
  attributes['gcp.vertex.agent.tool_response'] = '{}' AS redacted,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM call

-- gives: llm_calls
-- Version 1 wraps generate_content in a span call_llm with the same counts; alone where an older
-- release has no other.
WITH report AS (
  SELECT *, operation = 'generate_content' AS is_inner
  FROM model_spans
  WHERE dialect = 'adk' AND (operation = 'generate_content' OR name = 'call_llm')
),
wrapper AS (
  SELECT trace_id, parent_span_id FROM report WHERE is_inner
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
FROM report
WHERE is_inner OR NOT EXISTS (
  SELECT 1 FROM wrapper
  WHERE wrapper.trace_id = report.trace_id AND wrapper.parent_span_id = report.span_id
)

-- gives: llm_texts
-- The messages may be on the call's span, on the call_llm around it or in the call's log event.
WITH told AS (
  SELECT
    trace_id,
    span_id,
    first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
    attributes['gen_ai.input.messages'] AS input_messages,
    attributes['gen_ai.output.messages'] AS output_messages
  FROM model_texts
  WHERE dialect = 'adk' AND operation = 'generate_content'
  UNION ALL
  SELECT
    trace_id,
    span_id,
    NULL,
    attributes['gen_ai.input.messages'],
    attributes['gen_ai.output.messages']
  FROM model_logs
  WHERE dialect = 'adk'
  UNION ALL
  SELECT
    around.trace_id,
    coalesce(inner_call.span_id, around.span_id),
    NULL,
    CASE around.attributes['gcp.vertex.agent.llm_request'] WHEN '{}' THEN '<elided>'
      ELSE around.attributes['gcp.vertex.agent.llm_request'] END,
    CASE around.attributes['gcp.vertex.agent.llm_response'] WHEN '{}' THEN '<elided>'
      ELSE around.attributes['gcp.vertex.agent.llm_response'] END
  FROM model_texts AS around
  LEFT JOIN model_spans AS inner_call
    ON inner_call.trace_id = around.trace_id AND inner_call.parent_span_id = around.span_id
  WHERE around.dialect = 'adk' AND around.operation IS NULL
)
SELECT
  trace_id,
  span_id,
  max(finish_reason) AS finish_reason,
  max(visible(input_messages)) AS input_messages,
  max(visible(output_messages)) AS output_messages,
  'full' AS messages_mode,
  bool_or(hides(input_messages) OR hides(output_messages)) AS redacted
FROM told
GROUP BY trace_id, span_id
