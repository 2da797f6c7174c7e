"""Export from the OpenTelemetry SDK straight into the ledger's journal, without a server.

The same door as the network's: records are encoded as an OTLP request, and a result of SUCCESS
means that it is durable. Any number of processes may do this on one directory; a forked child gets
a writer of its own.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from spanledger_exporters import settings
from spanledger_exporters.storing.store import Store, StoreOptions

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT_S: Final = 5.0
# An agent's process has better things to do than to publish every two seconds.
_SEAL_AGE_S: Final = 10.0


class _Message(Protocol):
    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name


class _Stores:
    """The stores this process has open, one a directory, counted by their exporters."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Path, tuple[Future[Store], set[int]]] = {}
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """In a forked child: the parent's stores stay the parent's, and its lock may be held."""
        self._lock = threading.Lock()
        self._open = {}

    def get(self, root: Path, user: int) -> "Future[Store]":
        """The store when it is open; what failed to open is tried again."""
        with self._lock:
            found = self._open.get(root)
            if found is None or (found[0].done() and found[0].exception()):
                found = self._open[root] = (_begin(root), set())
            found[1].add(user)
            return found[0]

    def release(self, root: Path, user: int) -> None:
        with self._lock:
            opening, users = self._open.get(root, (None, set[int]()))
            users.discard(user)
            if opening is None or users:
                return
            del self._open[root]
        if not opening.exception(_TIMEOUT_S):
            opening.result().close()


_STORES: Final = _Stores()


def _begin(root: Path) -> "Future[Store]":
    """Open in a thread of its own: recovering after a crash may take longer than an export."""
    opening: Future[Store] = Future()

    def run() -> None:
        try:
            opening.set_result(_store(root))
        except Exception as error:
            opening.set_exception(error)

    # No daemon: the process would be aborted if it ended while this is inside DuckDB.
    threading.Thread(target=run, name="spanledger-open").start()
    return opening


def _store(root: Path) -> Store:
    usual = StoreOptions.of(settings.load())
    return Store.open(root, replace(usual, seal_age_s=_SEAL_AGE_S, settles=False, show_later=True))


class _Door:
    """What the three exporters share: one signal's way into the store, and never an exception."""

    def __init__(self, signal: str, data: str | Path | None) -> None:
        self._signal = signal
        self._root = settings.data_directory(Path(data) if data is not None else None)
        self._closed = False
        self._failures = 0

    def send(self, encode: Callable[[], _Message]) -> bool:
        """Whether the records are durable now; the first failure of a row is logged."""
        if self._closed:
            return False
        deadline = time.monotonic() + _TIMEOUT_S
        try:
            payload = encode().SerializeToString()
            store = _STORES.get(self._root, id(self)).result(_TIMEOUT_S)
            left_s = max(0.0, deadline - time.monotonic())
            store.intake.submit(self._signal, payload).result(left_s)
        except Exception as error:
            if not self._failures:
                reason = str(error) or repr(error)
                _LOG.warning("spanledger could not record %s: %s", self._signal, reason)
            self._failures += 1
            return False
        self._failures = 0
        return True

    def flush(self) -> bool:
        """Nothing waits here: `send` returns when it is durable."""
        return not self._closed

    def close(self) -> None:
        """Let go of the store; the last of its exporters closes it."""
        if not self._closed:
            self._closed = True
            try:
                _STORES.release(self._root, id(self))
            except Exception as error:
                _LOG.warning("spanledger could not close %s: %s", self._root, error)


class LedgerSpanExporter(SpanExporter):
    """Spans into the ledger; `OTEL_TRACES_EXPORTER=spanledger` takes it too."""

    def __init__(self, data: str | Path | None = None) -> None:
        """`data` is the ledger's directory; else SPANLEDGER_DATA, else the default place."""
        self._door = _Door("spans", data)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """SUCCESS when the spans are durable; never raises, never waits longer than 5 s."""
        sent = self._door.send(lambda: encode_spans(spans))
        return SpanExportResult.SUCCESS if sent else SpanExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: what was exported is durable already."""
        del timeout_millis
        return self._door.flush()

    def shutdown(self) -> None:
        """Publish and close; later exports fail."""
        self._door.close()


class LedgerLogRecordExporter(LogRecordExporter):
    """Log records into the ledger; `OTEL_LOGS_EXPORTER=spanledger` takes it too."""

    def __init__(self, data: str | Path | None = None) -> None:
        """`data` is the ledger's directory; else SPANLEDGER_DATA, else the default place."""
        self._door = _Door("logs", data)

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """SUCCESS when the records are durable; never raises, never waits longer than 5 s."""
        sent = self._door.send(lambda: encode_logs(batch))
        return LogRecordExportResult.SUCCESS if sent else LogRecordExportResult.FAILURE

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """True: what was exported is durable already."""
        del timeout_millis
        return self._door.flush()

    def shutdown(self) -> None:
        """Publish and close; later exports fail."""
        self._door.close()


class LedgerMetricExporter(MetricExporter):
    """Metrics into the ledger; `OTEL_METRICS_EXPORTER=spanledger` takes it too."""

    def __init__(self, data: str | Path | None = None, **preferences: Any) -> None:
        """`data` as for spans; `preferences` are the SDK's temporality and aggregation."""
        super().__init__(**preferences)
        self._door = _Door("metrics", data)

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        """SUCCESS when the points are durable; never raises, never waits longer than 5 s."""
        del timeout_millis, kwargs
        sent = self._door.send(lambda: encode_metrics(metrics_data))
        return MetricExportResult.SUCCESS if sent else MetricExportResult.FAILURE

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """True: what was exported is durable already."""
        del timeout_millis
        return self._door.flush()

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Publish and close; later exports fail."""
        del timeout_millis, kwargs
        self._door.close()
