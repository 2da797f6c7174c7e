"""Instrument locks that are already in the code; `opentelemetry-instrument` finds these."""
