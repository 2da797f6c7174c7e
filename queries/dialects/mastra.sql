-- mastra: Mastra's own spans through its OpenTelemetry exporter; a workflow run is a plan, its
-- steps are the steps.
-- recognised by: scopes `@mastra/*`, `mastra.span.type`
-- sessions: yes, by `gen_ai.conversation.id`, which is the thread
-- llm_calls: yes, `chat` spans
-- tool_calls: yes, `execute_tool` spans
-- plans: yes, workflow runs with their steps; planning tools
-- step_history: partly, a step runs when its span begins and ends as `mastra.workflow_step.status`
--   says
-- tokens: yes, with the cache's part and reasoning
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and steps
-- messages: partly, what models answered and tools told; what was asked is in the spans around the
--   calls, without the tools' answers
-- set in code: new Observability({ … exporters: [new OtelExporter(…)] })

-- gives: recognition
WHERE scope_name LIKE '@mastra/%' OR scope_name LIKE 'mastra%'

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
