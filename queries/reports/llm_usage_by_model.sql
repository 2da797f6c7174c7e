-- llm_usage_by_model: one row per provider and model: calls, failures, tokens, latency, cost.
-- Narrow with: SET VARIABLE session_id = '…';
SELECT
  provider,
  model,
  count(*) AS calls,
  count_if(error IS NOT NULL) AS failed,
  TRY_CAST(sum(input_tokens) AS BIGINT) AS total_input_tokens,
  TRY_CAST(sum(cache_read_tokens) AS BIGINT) AS total_cache_read_tokens,
  TRY_CAST(sum(output_tokens) AS BIGINT) AS total_output_tokens,
  TRY_CAST(sum(reasoning_tokens) AS BIGINT) AS total_reasoning_tokens,
  round(quantile_cont(duration_ms, 0.5), 1) AS median_ms,
  round(quantile_cont(duration_ms, 0.95), 1) AS p95_ms,
  sum(cost_usd) AS total_cost_usd
FROM llm_calls
WHERE coalesce(session_id = getvariable('session_id'), true)
GROUP BY provider, model
ORDER BY total_input_tokens DESC NULLS LAST, provider, model
