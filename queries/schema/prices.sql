-- model_prices: one row per list price of a model that calls name, as genai-prices has it (version),
-- in US dollars per million tokens, for the calls that began from since_ns until before until_ns, in
-- the seconds from_s to before to_s of a day (UTC), with more than above_tokens and at most
-- upto_tokens input tokens. Filled by every publish. `provider` is empty for calls that name none.
CREATE TABLE IF NOT EXISTS model_prices (
  price_id INTEGER,
  provider VARCHAR,
  model VARCHAR,
  price_provider VARCHAR,
  price_model VARCHAR,
  version VARCHAR,
  since_ns BIGINT,
  until_ns BIGINT,
  from_s INTEGER,
  to_s INTEGER,
  above_tokens BIGINT,
  upto_tokens BIGINT,
  input_usd DOUBLE,
  output_usd DOUBLE,
  cache_read_usd DOUBLE,
  cache_write_usd DOUBLE,
  reasoning_usd DOUBLE,
  call_usd DOUBLE
);

-- price_holds: whether a row of model_prices is the one for a call of its model.
CREATE OR REPLACE MACRO price_holds(
  at_ns, tokens, since_ns, until_ns, from_s, to_s, above_tokens, upto_tokens
) AS
  since_ns <= at_ns AND until_ns > at_ns
  AND from_s <= at_ns // 1000000000 % 86400 AND to_s > at_ns // 1000000000 % 86400
  AND above_tokens < tokens AND upto_tokens >= tokens;

-- list_cost: US dollars. `input` includes the cache's part, `output` the reasoning; parts larger than
-- the whole, or no count of what has a price, give NULL.
CREATE OR REPLACE MACRO list_cost(
  input, output, cache_read, cache_write, reasoning,
  input_usd, output_usd, cache_read_usd, cache_write_usd, reasoning_usd, call_usd
) AS
  CASE WHEN input >= coalesce(cache_read, 0) + coalesce(cache_write, 0)
    AND coalesce(output >= reasoning, true) THEN call_usd + (
      (input - coalesce(cache_read, 0) - coalesce(cache_write, 0)) * input_usd
      + coalesce(cache_read, 0) * cache_read_usd
      + coalesce(cache_write, 0) * cache_write_usd
      + CASE WHEN output_usd = 0 AND reasoning_usd = 0 THEN 0
          ELSE (output - coalesce(reasoning, 0)) * output_usd
            + coalesce(reasoning, 0) * reasoning_usd END
    ) / 1e6 END;
