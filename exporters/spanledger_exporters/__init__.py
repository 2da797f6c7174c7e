"""Receive, store and serve the ledger.

A span's way: `receiving` takes raw bytes, `decoding` makes Arrow rows and JSON lines of them,
`storing` appends the lines to the journal, syncs, acknowledges, seals them into Parquet segments
and publishes the views of `ledger.duckdb`; `reading` opens that file for everybody else.
"""
