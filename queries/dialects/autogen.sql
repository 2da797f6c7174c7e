-- autogen: AutoGen's own spans, create_agent, invoke_agent and execute_tool.
-- can: tool calls and plans from planning tools, agents.
-- cannot: model calls: add the instrumentation of the model's package. MagenticOne's ledger is only
-- in its messages.
-- switches: tracer_provider= of the runtime.

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
