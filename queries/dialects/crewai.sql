-- crewai: CrewAI's own tracing (crewai.*); a crew's kickoff is a plan, its tasks are the steps.
-- recognised by: scopes `crewai*`
-- sessions: yes, by `gen_ai.conversation.id`, else the trace
-- llm_calls: yes, `call llm` spans
-- tool_calls: yes, `call tool` spans
-- plans: yes, the crew with its tasks as steps, agents by role; planning tools
-- step_history: partly, a task runs when its span begins and ends as its span does; nothing of it
--   is sent before that
-- tokens: yes, where the model's span has them
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans
-- messages: yes, as its spans have them
-- set in environment: CREWAI_TRACING_ENABLED=true
-- more: CREWAI_OTEL_MAX_ATTR_BYTES cuts long values. Its vendor telemetry goes elsewhere; with a
--   provider of your own use the instrumentations of OpenInference or OpenLLMetry

-- gives: recognition
WHERE scope_name LIKE 'crewai%'

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
