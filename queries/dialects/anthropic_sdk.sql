-- anthropic_sdk: the spans that Anthropic's own packages make of their calls (com.anthropic.sdk.*),
-- also below the span of an instrumentation, which then counts.
-- can: model calls with tokens, cache writes and reads, stop reasons, errors; tools of its runner.
-- cannot: cost, reasoning tokens; without content neither messages nor the calls in them.
-- switches: ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE=content (default metadata_only).

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
