-- anthropic_sdk: the spans that Anthropic's own packages make of their calls (com.anthropic.sdk.*),
-- also below the span of an instrumentation, which then counts.
-- recognised by: scopes `com.anthropic.sdk.*`
-- sessions: partly, by `gen_ai.conversation.id` or that of an enclosing span, else the trace
-- llm_calls: yes, `anthropic.messages.create`, unless an instrumentation reports it too
-- tool_calls: partly, tools of its runner; calls told in messages with content only
-- plans: switched, with content: planning tools of its runner, or in messages
-- step_history: switched, with content: from list to list
-- tokens: partly, with cache reads and writes; reasoning is not sent
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed calls with `error.type`
-- messages: switched, metadata only unless content is asked for
-- set in environment: ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content

-- gives: recognition
WHERE scope_name LIKE 'com.anthropic.sdk.%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
