-- llamaindex: LlamaIndex's own dispatcher through llama-index-observability-otel, where it writes
-- the GenAI conventions; OpenInference and OpenLLMetry tell more.
-- can: calls with gen_ai.* attributes.
-- cannot: the spans of single methods and workflow steps are kept and not projected.
-- switches: LlamaIndexOpenTelemetry(span_exporter=…).start_registering().

-- gives: plan_lists, as semconv
-- gives: tool_calls, as semconv
-- gives: llm_calls, as semconv
-- gives: llm_texts, as semconv
