-- ms_af: Microsoft Agent Framework's own spans; a workflow is a plan, its executors are the steps.
-- recognised by: scopes `agent_framework*`
-- sessions: partly, by `gen_ai.conversation.id` where the service names one, else the trace
-- llm_calls: yes, `chat` spans
-- tool_calls: yes, `execute_tool` spans; arguments and results with sensitive data only
-- plans: partly, workflows without a switch; planning tools (todos_add, todos_complete, …) with
--   sensitive data only
-- step_history: partly, an executor runs when its span begins and ends as its span does; planning
--   tools change by change
-- tokens: yes, with the cache's part and reasoning
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans with `error.type`
-- messages: switched, with sensitive data
-- set in environment: ENABLE_INSTRUMENTATION=true ENABLE_SENSITIVE_DATA=true

-- gives: recognition
WHERE scope_name LIKE 'agent\_framework%' ESCAPE '\'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv

-- gives: step_changes
SELECT
  'span' AS source,
  session_id,
  agent_name AS agent,
  trace_id,
  span_id,
  parent_span_id,
  coalesce(attributes['workflow.id'], trace_id) AS plan_id,
  attributes['executor.id'] AS step_id,
  attributes['executor.id'] AS title,
  word,
  error,
  at_ns,
  seq AS tie
FROM workflow_edges
WHERE dialect = 'ms_af' AND attributes['executor.id'] IS NOT NULL
