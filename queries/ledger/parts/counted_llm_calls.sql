-- counted_llm_calls: one row per model call, however often it was reported. Of a call inside a call
-- (an SDK's span in an instrumentation's) the outer one counts if it has tokens, else the inner one
-- (LlamaIndex wraps each call in another of its methods). Where a dialect
-- reports calls as spans and as logs, the session's fuller signal counts, spans when equal; unless
-- the dialect has matched the two itself. Two instrumentations of one client need not be nested: in
-- a trace with calls of several dialects, a call inside the time of another with the same response,
-- or the same tokens if one does not say, is that one again.
-- `cost_usd` is the reported cost, else the list price of what the call says of its tokens (of the
-- cache nothing: then all of it is charged as fresh input); NULL when that is not known. LangSmith
-- tells the cache's part in texts that are not read here.
WITH report AS (
  SELECT * FROM owned_llm_calls
),
answered AS (
  SELECT dialect, session_id,
    count_if(source = 'log') > count_if(source = 'span') AS logs_are_fuller
  FROM report
  WHERE error IS NULL AND is_matched IS NULL
  GROUP BY dialect, session_id
  HAVING count_if(source = 'log') > 0
),
outer_call AS (
  SELECT hash(trace_id, span_id) AS key
  FROM dialect_llm_calls
  WHERE source = 'span' AND (input_tokens IS NOT NULL OR error IS NOT NULL)
),
hollow AS (
  SELECT hash(trace_id, parent_span_id) AS key
  FROM dialect_llm_calls
  WHERE source = 'span' AND input_tokens IS NOT NULL AND parent_span_id IS NOT NULL
    AND trace_id IN (
      SELECT trace_id
      FROM dialect_llm_calls
      WHERE source = 'span' AND input_tokens IS NULL AND error IS NULL
    )
),
mixed AS (
  SELECT trace_id
  FROM dialect_llm_calls
  WHERE source = 'span'
  GROUP BY trace_id
  HAVING min(dialect) <> max(dialect)
),
timed AS (
  SELECT dialect, trace_id, span_id, at_ns, at_ns + CAST(duration_ms * 1000000 AS BIGINT) AS end_ns,
    response_id, input_tokens, output_tokens
  FROM dialect_llm_calls
  WHERE source = 'span' AND trace_id IN (SELECT trace_id FROM mixed)
),
twin AS (
  SELECT hash(inner_call.trace_id, inner_call.span_id) AS key
  FROM timed AS inner_call
  JOIN timed AS other
    ON other.trace_id = inner_call.trace_id
    AND other.dialect <> inner_call.dialect
    AND other.at_ns <= inner_call.at_ns
    AND other.end_ns >= inner_call.end_ns
    AND (other.at_ns < inner_call.at_ns OR other.end_ns > inner_call.end_ns
      OR other.dialect < inner_call.dialect)
    AND coalesce(
      other.response_id = inner_call.response_id,
      other.input_tokens IS NOT DISTINCT FROM inner_call.input_tokens
        AND other.output_tokens IS NOT DISTINCT FROM inner_call.output_tokens
    )
),
once AS (
  SELECT report.*
  FROM report
  LEFT JOIN answered
    ON answered.dialect = report.dialect AND answered.session_id = report.session_id
  WHERE (error IS NOT NULL OR is_matched OR (source = 'log') = coalesce(logs_are_fuller, false))
    AND (parent_span_id IS NULL
      OR hash(report.trace_id, parent_span_id) NOT IN (SELECT key FROM outer_call))
    AND hash(report.trace_id, coalesce(report.span_id, '')) NOT IN (SELECT key FROM twin)
    AND (input_tokens IS NOT NULL OR error IS NOT NULL OR source = 'log'
      OR hash(report.trace_id, report.span_id) NOT IN (SELECT key FROM hollow))
),
priced AS (
  SELECT
    once.*,
    price_id,
    version AS price_version,
    list_cost(
      input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
      input_usd, output_usd, cache_read_usd, cache_write_usd, reasoning_usd, call_usd
    ) AS computed_cost_usd
  FROM once
  LEFT JOIN model_prices AS price
    ON price.model = once.model
    AND price.provider = coalesce(once.provider, '')
    AND once.dialect <> 'langsmith'
    AND price_holds(
      at_ns, input_tokens, since_ns, until_ns, from_s, to_s, above_tokens, upto_tokens
    )
)
SELECT
  priced.* REPLACE (coalesce(cost_usd, computed_cost_usd) AS cost_usd),
  cost_usd AS reported_cost_usd
FROM priced
