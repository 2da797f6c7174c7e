"""Tell the plan ledger what an agent plans and does; nothing heavier than OpenTelemetry's API."""

__all__ = ["__version__"]

__version__ = "0.1.0"
