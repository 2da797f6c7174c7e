-- mastra: Mastra's own spans through its OpenTelemetry exporter; a workflow run is a plan, its steps
-- are the steps.
-- can: agents, model calls, tool calls, plans from planning tools and workflows with the status of
-- their steps.
-- cannot: cost.
-- switches: new Observability({ … exporters: [new OtelExporter(…)] }).

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
  trace_id AS plan_id,
  attributes['mastra.workflow_step.step_id'] AS step_id,
  attributes['mastra.workflow_step.step_id'] AS title,
  CASE WHEN word = 'running' THEN word
    ELSE coalesce(attributes['mastra.workflow_step.status'], word) END AS word,
  error,
  at_ns,
  seq AS tie
FROM workflow_edges
WHERE dialect = 'mastra' AND attributes['mastra.workflow_step.step_id'] IS NOT NULL
