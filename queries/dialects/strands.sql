-- strands: Strands Agents' own spans; what was said is in span events, a tool's arguments in
-- gen_ai.tool.message, its result in gen_ai.choice, or in one event of details with the opt-in.
-- Agents' and cycles' spans repeat the totals and do not count.
-- recognised by: scopes `strands.*`
-- sessions: partly, by `session.id` or `gen_ai.conversation.id` where the application sets one,
--   else the trace
-- llm_calls: yes, `chat` spans
-- tool_calls: yes, `execute_tool` spans with texts from events
-- plans: yes, planning tools
-- step_history: yes, from list to list, at the times of the calls
-- tokens: yes, with the cache's part; reasoning is not sent apart
-- cost: no, none is sent: computed where the price is known
-- errors: yes, failed spans and tool statuses
-- messages: yes, in span events
-- set in code: StrandsTelemetry().setup_otlp_exporter()
-- set in environment: OTEL_EXPORTER_OTLP_ENDPOINT={http}
-- more: texts need OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_unredacted_attributes=… only where
--   redaction was chosen

-- gives: recognition
WHERE scope_name LIKE 'strands.%'

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
