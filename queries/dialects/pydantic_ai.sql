-- pydantic_ai: Pydantic AI's own instrumentation, data formats 1 to 6 (Logfire or any SDK); spans
-- that Logfire sends before they end (pending_span) do not count.
-- recognised by: scope `pydantic-ai`
-- sessions: yes, by `gen_ai.conversation.id`, which with the agent is on every span
-- llm_calls: yes, `chat` spans
-- tool_calls: yes, `execute_tool` or `running tool` spans with outcome and retries; of decisions
--   only deferrals
-- plans: yes, planning tools, unless include_content=False
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with the cache's part and reasoning
-- cost: partly, `operation.cost` where Pydantic AI knows the price, else computed
-- errors: yes, failed spans and retries
-- messages: yes, unless include_content=False
-- set in code: Agent.instrument_all(), or InstrumentationSettings(version=5)

-- gives: recognition
WHERE scope_name = 'pydantic-ai'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
