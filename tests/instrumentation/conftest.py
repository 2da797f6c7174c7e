"""Let each test hear what the instrumentation tells, through the real SDK and its own exporters."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import pytest
from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    LogRecordExporter,
    LogRecordExportResult,
    SimpleLogRecordProcessor,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util.types import AnyValue

from spanledger import _scope, using
from spanledger._emit import faults
from spanledger._processor import LedgerSpanProcessor
from spanledger._text import reread_settings


@dataclass(frozen=True, slots=True)
class Event:
    """A log record, as far as tests look."""

    name: str
    attributes: dict[str, AnyValue]
    severity: str
    trace_id: int
    span_id: int

    def __getitem__(self, key: str) -> AnyValue:
        return self.attributes.get(key)


class Records(LogRecordExporter):
    """Keeps what is exported."""

    def __init__(self) -> None:
        self.kept: list[ReadableLogRecord] = []

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self.kept.extend(batch)
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is left to do."""

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        del timeout_millis
        return True


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that was told so far."""

    tracers: TracerProvider
    loggers: LoggerProvider
    _spans: InMemorySpanExporter
    _logs: Records

    def spans(self, name: str | None = None) -> list[ReadableSpan]:
        """Finished spans, in the order of their ends."""
        return [s for s in self._spans.get_finished_spans() if name is None or s.name == name]

    def events(self, name: str | None = None) -> list[Event]:
        """Log records in the order they were written."""
        records = [data.log_record for data in self._logs.kept]
        return [
            Event(
                record.event_name or "",
                dict(record.attributes or {}),
                record.severity_text or "",
                record.trace_id or 0,
                record.span_id or 0,
            )
            for record in records
            if name is None or record.event_name == name
        ]

    def statuses(self) -> list[tuple[AnyValue, AnyValue]]:
        """Step and status of each change of a step."""
        changes = self.events("spanledger.step.status_changed")
        return [
            (change["spanledger.step.id"], change["spanledger.step.status"]) for change in changes
        ]


@pytest.fixture
def told() -> Generator[Told]:
    """What is told during the test; nothing of ours may have failed in it."""
    tracers, loggers = TracerProvider(), LoggerProvider()
    spans, logs = InMemorySpanExporter(), Records()
    tracers.add_span_processor(LedgerSpanProcessor())
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
    before = faults()
    with using(tracers, loggers):
        yield Told(tracers, loggers, spans, logs)
    tracers.shutdown()
    loggers.shutdown()
    assert faults() == before


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Generator[pytest.MonkeyPatch]:
    """No variable of the outside is in force; those a test sets are, after `reread_settings`."""
    for name in ("CAPTURE_CONTENT", "MAX_CONTENT", "DISABLED", "NO_RECORDING"):
        monkeypatch.delenv(f"SPANLEDGER_{name}", raising=False)
    for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE"):
        monkeypatch.delenv(name, raising=False)
    reread_settings()
    _scope.inherited.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    reread_settings()
    _scope.inherited.cache_clear()


@pytest.fixture
def full_content(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are told too."""
    monkeypatch.setenv("SPANLEDGER_CAPTURE_CONTENT", "1")
    reread_settings()
