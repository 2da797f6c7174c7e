-- ms_af: Microsoft Agent Framework's own spans; a workflow is a plan, its executors are the steps.
-- can: agents, model calls, tool calls, plans from planning tools (todos_add, todos_complete, …) and
-- workflows.
-- cannot: cost; a conversation unless the service names one; without sensitive data neither
-- arguments nor results.
-- switches: ENABLE_INSTRUMENTATION=true ENABLE_SENSITIVE_DATA=true.

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
