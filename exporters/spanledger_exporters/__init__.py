"""Receive, store and serve the ledger.

A span's way: `receiving` takes raw bytes, `decoding` makes Arrow rows and JSON lines of them,
`storing` appends the lines to the journal, syncs, acknowledges, seals them into Parquet segments
and publishes the views of `ledger.duckdb`; `reading` opens that file for everybody else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.sdk import (
        LedgerLogRecordExporter,
        LedgerMetricExporter,
        LedgerSpanExporter,
    )

__all__ = ["Ledger", "LedgerLogRecordExporter", "LedgerMetricExporter", "LedgerSpanExporter"]

_HOME: Final = {
    "Ledger": "spanledger_exporters.reading.ledger",
    "LedgerSpanExporter": "spanledger_exporters.sdk",
    "LedgerLogRecordExporter": "spanledger_exporters.sdk",
    "LedgerMetricExporter": "spanledger_exporters.sdk",
}


def __getattr__(name: str) -> Any:
    """Load the public names when they are used: duckdb and pyarrow take half a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
