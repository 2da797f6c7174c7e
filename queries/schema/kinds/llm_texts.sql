-- llm_texts: one row per span of llm_calls: what it says in attributes without a column of their
-- own.
SELECT
  CAST(NULL AS VARCHAR) AS trace_id,
  CAST(NULL AS VARCHAR) AS span_id,
  CAST(NULL AS DOUBLE) AS ttft_ms,
  CAST(NULL AS BIGINT) AS cache_read_tokens,
  CAST(NULL AS BIGINT) AS cache_write_tokens,
  CAST(NULL AS BIGINT) AS reasoning_tokens,
  CAST(NULL AS VARCHAR) AS finish_reason,
  CAST(NULL AS VARCHAR) AS input_messages,
  CAST(NULL AS VARCHAR) AS output_messages,
  CAST(NULL AS VARCHAR) AS messages_mode,
  CAST(NULL AS BOOLEAN) AS redacted
WHERE false
