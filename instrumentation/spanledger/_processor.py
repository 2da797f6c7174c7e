"""Stamp session, agent, run, plan and step on every span that begins inside them."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from spanledger._emit import guarded
from spanledger._scope import current
from spanledger._text import disabled


class LedgerSpanProcessor(SpanProcessor):
    """Add it to a TracerProvider, and spans of any library can be counted for a step."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Stamp a span, unless it says something else itself."""
        with guarded("stamping a span"):
            ids = current(parent_context).ids()
            if ids and not disabled():
                own = span.attributes or {}
                missing = {key: ids[key] for key in ids if key not in own}
                if missing:
                    span.set_attributes(missing)

    def on_end(self, span: ReadableSpan) -> None:
        """Nothing is left to do."""

    def shutdown(self) -> None:
        """Nothing is left to do."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: nothing waits here."""
        del timeout_millis
        return True
