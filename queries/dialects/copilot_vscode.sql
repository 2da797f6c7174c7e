-- copilot_vscode: Copilot Chat in VS Code. A call is a span and a log event. Only agents and chats
-- name the conversation; what else is in their trace belongs to it, not to the window's session.id.
-- recognised by: service `copilot-chat`
-- sessions: yes, by `gen_ai.conversation.id`
-- llm_calls: yes, `chat` spans, or `gen_ai.client.inference.operation.details`; refused requests
--   too
-- tool_calls: yes, `execute_tool` spans, or `copilot_chat.tool.call`, of sub-agents too; arguments
--   with content only
-- plans: switched, with content: manage_todo_list
-- step_history: switched, with content: from list to list
-- tokens: yes, with the cache's part
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and refused requests
-- messages: switched, with content
-- set in ~/.config/Code/User/settings.json: "github.copilot.chat.otel.enabled"=true
--   "github.copilot.chat.otel.otlpEndpoint"={http}
--   "github.copilot.chat.otel.captureContent"=true
-- init: vscode
-- more: on macOS the file is ~/Library/Application Support/Code/User/settings.json, on Windows
--   %APPDATA%/Code/User/settings.json

-- gives: recognition
WHERE service_name = 'copilot-chat'

-- gives: plan_lists
WITH conversation AS (
  SELECT trace_id, min(session_id) AS session_id
  FROM spans
  WHERE service_name = 'copilot-chat' AND operation IN ('chat', 'invoke_agent')
  GROUP BY trace_id
)
SELECT
  'tool_call' AS source,
  coalesce(conversation.session_id, request.session_id) AS session_id,
  agent_name AS agent,
  request.trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  plan_document AS document,
  plan_result AS result,
  request.trace_id AS turn,
  goal_in(tool_name, plan_document) AS goal,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans AS request
LEFT JOIN conversation ON conversation.trace_id = request.trace_id
WHERE dialect = 'copilot_vscode' AND operation = 'execute_tool'
  AND status_code IS DISTINCT FROM 2 AND error_type IS NULL AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- Of a window whose spans never came there is an event per call, without id and content.
WITH conversation AS (
  SELECT trace_id, min(session_id) AS session_id
  FROM spans
  WHERE service_name = 'copilot-chat' AND operation IN ('chat', 'invoke_agent')
  GROUP BY trace_id
),
traced AS (
  SELECT DISTINCT resource['session.id'] AS window_id
  FROM spans
  WHERE service_name = 'copilot-chat' AND operation = 'execute_tool'
)
SELECT
  'span' AS source,
  coalesce(conversation.session_id, call.session_id) AS session_id,
  agent_name AS agent,
  call.trace_id,
  span_id,
  parent_span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  tool_call_id AS call_id,
  visible(attributes['gen_ai.tool.call.arguments']) AS arguments,
  visible(attributes['gen_ai.tool.call.result']) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL
      OR failure_in(attributes['gen_ai.tool.call.result']) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed')
    ELSE failure_in(attributes['gen_ai.tool.call.result'])
  END AS error,
  start_ns AS at_ns,
  elapsed_ms(start_ns, end_ns) AS duration_ms
FROM tool_spans AS call
LEFT JOIN conversation ON conversation.trace_id = call.trace_id
WHERE dialect = 'copilot_vscode' AND operation = 'execute_tool'
UNION ALL BY NAME
SELECT
  'log' AS source,
  coalesce(conversation.session_id, event.session_id) AS session_id,
  agent_name AS agent,
  event.trace_id,
  span_id,
  plan_id,
  step_id,
  tool_name AS tool,
  tool_ok IS DISTINCT FROM 'false' AS ok,
  CASE WHEN tool_ok = 'false' THEN coalesce(attributes['error.type'], 'failed') END AS error,
  before_ns(at_ns, TRY_CAST(attributes['duration_ms'] AS DOUBLE)) AS at_ns,
  TRY_CAST(attributes['duration_ms'] AS DOUBLE) AS duration_ms
FROM tool_logs AS event
LEFT JOIN conversation ON conversation.trace_id = event.trace_id
WHERE dialect = 'copilot_vscode' AND event_name = 'copilot_chat.tool.call'
  AND NOT EXISTS (SELECT 1 FROM traced WHERE traced.window_id = event.session_id)
  AND conversation.trace_id IS NULL

-- gives: llm_calls
WITH request AS (
  SELECT * FROM model_spans WHERE dialect = 'copilot_vscode' AND operation = 'chat'
)
SELECT
  'span' AS source,
  true AS is_matched,
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
FROM request
UNION ALL BY NAME
SELECT
  'log' AS source,
  true AS is_matched,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  plan_id,
  step_id,
  provider,
  model,
  at_ns,
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  error_type AS error,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'full' AS messages_mode
FROM model_logs AS event
WHERE dialect = 'copilot_vscode' AND event_name = 'gen_ai.client.inference.operation.details'
  AND NOT EXISTS (SELECT 1 FROM request WHERE request.trace_id = event.trace_id)
  AND NOT EXISTS (
    SELECT 1 FROM request WHERE request.response_id = attributes['gen_ai.response.id']
  )

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  coalesce(
    TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000,
    TRY_CAST(attributes['github.copilot.time_to_first_token'] AS DOUBLE),
    TRY_CAST(attributes['copilot_chat.time_to_first_token'] AS DOUBLE)
  ) AS ttft_ms,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'full' AS messages_mode
FROM model_texts
WHERE dialect = 'copilot_vscode' AND operation = 'chat'
