"""Keep what was received: journal first, then segments, then the views of `ledger.duckdb`."""
