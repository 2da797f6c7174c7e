-- crewai: CrewAI's own tracing (crewai.*); a crew's kickoff is a plan, its tasks are the steps.
-- can: tasks with outcome and output, agents by role, tool and model calls, plans from planning
-- tools.
-- cannot: cost. Its vendor telemetry goes elsewhere; with a provider of your own use the
-- instrumentations of OpenInference or OpenLLMetry.
-- switches: CREWAI_TRACING_ENABLED=true; CREWAI_OTEL_MAX_ATTR_BYTES cuts long values.

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
  coalesce(attributes['crewai.crew.id'], trace_id) AS plan_id,
  coalesce(attributes['crewai.task.id'], attributes['crewai.task.key']) AS step_id,
  coalesce(attributes['crewai.task.name'], attributes['crewai.task.description']) AS title,
  word,
  CASE WHEN word <> 'running' THEN visible(attributes['crewai.task.output']) END AS output,
  error,
  at_ns,
  seq AS tie
FROM workflow_edges
WHERE dialect = 'crewai'
  AND coalesce(attributes['crewai.task.id'], attributes['crewai.task.key']) IS NOT NULL
