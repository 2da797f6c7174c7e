-- llm_calls: one row per model call. `input_tokens` includes what the provider's cache gave or
-- took, `output_tokens` the reasoning. `error` is NULL for an answered call. `messages_mode` says
-- whether input_messages are the whole history (full), what is new (delta), or nobody knows;
-- `redacted` that the emitter hid them. `cost_usd` is the reported cost, else the one computed by the
-- row `price_id` of model_prices; both are there beside it.
SELECT
  call.session_id,
  call.agent,
  call.dialect,
  call.plan_id,
  call.step_id,
  call.trace_id,
  call.span_id,
  call.provider,
  call.model,
  at_nanos(call.at_ns) AS started_at,
  call.duration_ms,
  coalesce(call.ttft_ms, texts.ttft_ms) AS ttft_ms,
  call.input_tokens,
  call.output_tokens,
  coalesce(call.cache_read_tokens, texts.cache_read_tokens) AS cache_read_tokens,
  coalesce(call.cache_write_tokens, texts.cache_write_tokens) AS cache_write_tokens,
  coalesce(call.reasoning_tokens, texts.reasoning_tokens) AS reasoning_tokens,
  call.cost_usd,
  CASE WHEN call.reported_cost_usd IS NOT NULL THEN 'reported'
    WHEN call.computed_cost_usd IS NOT NULL THEN 'computed' END AS cost_source,
  coalesce(call.finish_reason, texts.finish_reason) AS finish_reason,
  call.error,
  coalesce(call.input_messages, texts.input_messages) AS input_messages,
  coalesce(call.output_messages, texts.output_messages) AS output_messages,
  coalesce(call.messages_mode, texts.messages_mode, 'unknown') AS messages_mode,
  call.source,
  call.linked_by,
  call.confidence,
  coalesce(texts.redacted, false) AS redacted,
  call.reported_cost_usd,
  call.computed_cost_usd,
  call.price_id,
  call.price_version
FROM placed_llm_calls AS call
LEFT JOIN dialect_llm_texts AS texts
  ON texts.trace_id = call.trace_id
  AND texts.span_id = call.span_id
  AND texts.dialect = call.dialect
  AND call.source <> 'log'
