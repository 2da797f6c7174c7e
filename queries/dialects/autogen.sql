-- autogen: AutoGen's own spans, create_agent, invoke_agent and execute_tool.
-- recognised by: scopes `autogen*`
-- sessions: no, it names none: each trace is one
-- llm_calls: no, it has no spans of them: add the instrumentation of the model's package
-- tool_calls: yes, `execute_tool` spans
-- plans: partly, planning tools; MagenticOne's ledger is only in its messages
-- step_history: yes, from list to list, at the times of the calls
-- tokens: no, they come with the model package's instrumentation
-- cost: no, nothing of model calls is sent
-- errors: yes, failed spans
-- messages: no, they come with the model package's instrumentation
-- set in code: tracer_provider= of the runtime

-- gives: recognition
WHERE scope_name LIKE 'autogen%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
