"""Read the ledger: SQL results, rows on a terminal, OTLP out again."""
