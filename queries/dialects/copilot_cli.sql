-- copilot_cli: GitHub Copilot's command line agent, and its SDK. Spans and metrics only; agents and
-- a span `plan` repeat the sums of the chats inside. The model keeps its plan in a table, through
-- SQL.
-- recognised by: scope `github.copilot`, service `github-copilot`
-- sessions: yes, by `gen_ai.conversation.id`
-- llm_calls: yes, `chat` spans
-- tool_calls: yes, `execute_tool` spans with their exit code; arguments and results with content
--   only
-- plans: switched, with content: statements on the table `todos` (read, not run; an INSERT …
--   SELECT, CASE or LIKE is passed over), update_todo
-- step_history: switched, with content: replayed statement by statement
-- tokens: yes, with cached and reasoning tokens
-- cost: no, `github.copilot.cost` counts premium requests, not money: computed where the price is
--   known
-- errors: yes, failed spans and exit codes
-- messages: switched, with content; each call tells what is new in it
-- set in environment: OTEL_EXPORTER_OTLP_ENDPOINT={http}
--   OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true
-- init: copilot
-- more: it speaks HTTP only, never gRPC

-- gives: recognition
WHERE scope_name = 'github.copilot' OR service_name = 'github-copilot'

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
  trace_id AS turn,
  goal_in(tool_name, plan_document) AS goal,
  start_ns AS at_ns,
  seq AS tie
FROM planning_spans
WHERE dialect = 'copilot_cli' AND operation = 'execute_tool'
  AND status_code IS DISTINCT FROM 2 AND error_type IS NULL AND failure_in(plan_result) IS NULL

-- gives: tool_calls
-- Whether a call was allowed is a span of its own, inside the call's or with its id.
WITH permission AS (
  SELECT
    trace_id,
    parent_span_id,
    tool_call_id,
    list_filter(
      map_entries(attributes),
      lambda entry: regexp_matches(entry.key, '(result|decision|outcome)(\.kind)?$')
    )[1].value AS decision
  FROM spans
  WHERE scope_name = 'github.copilot' AND name = 'permission'
),
allowed AS (
  SELECT trace_id, key, max(decision) AS decision
  FROM (
    SELECT trace_id, parent_span_id AS key, decision FROM permission
    UNION ALL
    SELECT trace_id, tool_call_id, decision FROM permission
  )
  WHERE key IS NOT NULL
  GROUP BY trace_id, key
),
call AS (
  SELECT
    tool_spans.*,
    coalesce(inside.decision, named.decision) AS decision,
    TRY_CAST(attributes['process.exit.code'] AS INTEGER) AS exit_code
  FROM tool_spans
  LEFT JOIN allowed AS inside
    ON inside.trace_id = tool_spans.trace_id AND inside.key = tool_spans.span_id
  LEFT JOIN allowed AS named
    ON named.trace_id = tool_spans.trace_id AND named.key = tool_spans.tool_call_id
  WHERE dialect = 'copilot_cli' AND operation = 'execute_tool'
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
  visible(attributes['gen_ai.tool.call.arguments']) AS arguments,
  visible(attributes['gen_ai.tool.call.result']) AS result,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL OR exit_code <> 0
      OR failure_in(attributes['gen_ai.tool.call.result']) IS NOT NULL THEN false
    WHEN end_ns > 0 THEN true
  END AS ok,
  CASE
    WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed')
    WHEN exit_code <> 0 THEN 'exit code ' || exit_code
    ELSE failure_in(attributes['gen_ai.tool.call.result'])
  END AS error,
  decision,
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
  input_tokens,
  output_tokens,
  cache_read_tokens,
  cache_write_tokens,
  reasoning_tokens,
  CASE WHEN status_code = 2 OR error_type IS NOT NULL
    THEN coalesce(status_message, error_type, 'failed') END AS error
FROM model_spans
WHERE dialect = 'copilot_cli' AND operation = 'chat'

-- gives: llm_texts
SELECT
  trace_id,
  span_id,
  TRY_CAST(attributes['gen_ai.response.time_to_first_chunk'] AS DOUBLE) * 1000 AS ttft_ms,
  first_word(attributes['gen_ai.response.finish_reasons']) AS finish_reason,
  visible(attributes['gen_ai.input.messages']) AS input_messages,
  visible(attributes['gen_ai.output.messages']) AS output_messages,
  'delta' AS messages_mode
FROM model_texts
WHERE dialect = 'copilot_cli' AND operation = 'chat'
