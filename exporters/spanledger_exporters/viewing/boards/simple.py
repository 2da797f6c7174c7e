"""The canned reports as tables: for who has the Infinity plugin and no Flight SQL."""

from typing import Final

from spanledger_exporters.viewing.grafana import Dashboard, Panel

_RUN: Final = {"duration_ms": "ms", "cost_usd": "currencyUSD"}
_CALLS: Final = {"median_ms": "ms", "p95_ms": "ms", "total_cost_usd": "currencyUSD"}

REPORTS: Final = Dashboard(
    "spanledger-reports",
    "Reports, without SQL",
    (
        Panel("Sessions", "table", report="sessions_overview", units=_RUN),
        Panel("Plans", "table", report="plan_outcomes", units=_RUN),
        Panel("Steps", "table", report="slowest_steps", width=12, units={"duration_ms": "ms"}),
        Panel("Models", "table", report="llm_usage_by_model", width=12, units=_CALLS),
        Panel("Errors", "table", report="errors_seen", width=12),
        Panel("Locks", "table", report="lock_contention", width=12),
    ),
)
