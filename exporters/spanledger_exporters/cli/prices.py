"""`prices`: what each model's calls cost, by which price, and which of it was reported."""

import sys
from typing import Final

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.reading.formats import Format

_PRICES: Final = """
WITH spent AS (
  SELECT provider, model, price_id, count(*) AS calls,
    count(*) FILTER (WHERE cost_usd IS NULL) AS calls_without_cost,
    sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    sum(reported_cost_usd) AS reported_usd, sum(computed_cost_usd) AS computed_usd,
    sum(cost_usd) AS cost_usd
  FROM llm_calls
  GROUP BY ALL
)
SELECT spent.provider, spent.model, price_provider || '/' || price_model AS price,
  input_usd AS input_per_million, output_usd AS output_per_million,
  cache_read_usd AS cache_read_per_million, cache_write_usd AS cache_write_per_million,
  reasoning_usd AS reasoning_per_million, call_usd AS per_call,
  CASE WHEN above_tokens >= 0 THEN above_tokens END AS above_input_tokens,
  CASE WHEN since_ns > 0 THEN make_timestamp(since_ns // 1000) END AS since,
  'genai-prices ' || version AS version,
  spent.calls, calls_without_cost, input_tokens, output_tokens, reported_usd, computed_usd, cost_usd
FROM spent
LEFT JOIN model_prices USING (price_id)
ORDER BY cost_usd DESC NULLS LAST, spent.model, spent.provider, price_id
"""


def prices(data: Data = None, form: Form = Format.TABLE) -> None:
    """Show the price of each model that was called, in US dollars, and what its calls cost."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    render(Ledger(data_directory(data)).sql(_PRICES), form, sys.stdout)
