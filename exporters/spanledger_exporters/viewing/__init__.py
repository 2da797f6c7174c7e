"""Show the ledger where people already look: Jaeger, Grafana. Reads, never writes."""
