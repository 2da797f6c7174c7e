-- llamaindex: LlamaIndex's own dispatcher through llama-index-observability-otel, where it writes
-- the GenAI conventions; OpenInference and OpenLLMetry tell more.
-- recognised by: scopes `llama*index*`
-- sessions: no, it names none: each trace is one
-- llm_calls: partly, spans with gen_ai.* attributes; those of single methods and workflow steps are
--   kept and not projected
-- tool_calls: partly, `execute_tool` spans
-- plans: partly, planning tools in `execute_tool` spans; a workflow's steps are not projected
-- step_history: partly, of planning tools from list to list
-- tokens: partly, where a span has gen_ai.usage.*
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans
-- messages: partly, where a span has gen_ai.* messages
-- set in code: LlamaIndexOpenTelemetry(span_exporter=…).start_registering()

-- gives: recognition
WHERE scope_name LIKE 'llama%index%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
