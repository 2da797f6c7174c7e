-- llm_calls: one row per report of one model call (never of an agent's total). `input_tokens` holds
-- what was read from and written to the provider's cache too, `output_tokens` the reasoning.
-- `source` is span, log, or both where the dialect found the two reports of a call; `is_matched`
-- says that it did so for all calls, so that none of them is taken for another's second report.
SELECT
  CAST(NULL AS VARCHAR) AS source,
  CAST(NULL AS BOOLEAN) AS is_matched,
  CAST(NULL AS VARCHAR) AS session_id,
  CAST(NULL AS VARCHAR) AS agent,
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS VARCHAR) AS parent_span_id,
  CAST(NULL AS VARCHAR) AS plan_id,
  CAST(NULL AS VARCHAR) AS step_id,
  CAST(NULL AS VARCHAR) AS provider,
  CAST(NULL AS VARCHAR) AS model,
  CAST(NULL AS BIGINT) AS at_ns,
  CAST(NULL AS DOUBLE) AS duration_ms,
  CAST(NULL AS DOUBLE) AS ttft_ms,
  CAST(NULL AS BIGINT) AS input_tokens,
  CAST(NULL AS BIGINT) AS output_tokens,
  CAST(NULL AS BIGINT) AS cache_read_tokens,
  CAST(NULL AS BIGINT) AS cache_write_tokens,
  CAST(NULL AS BIGINT) AS reasoning_tokens,
  CAST(NULL AS DOUBLE) AS cost_usd,
  CAST(NULL AS VARCHAR) AS response_id,
  CAST(NULL AS VARCHAR) AS finish_reason,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS VARCHAR) AS input_messages,
  CAST(NULL AS VARCHAR) AS output_messages,
  CAST(NULL AS VARCHAR) AS messages_mode
WHERE false
