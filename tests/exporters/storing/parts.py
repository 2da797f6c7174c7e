"""What the tests of the storage share: small requests, questions, other processes."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.publish import Publisher
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.storing.writer import Request, Writer

START_NS = 1_790_000_000_000_000_000
_BUSY = ("lock", "different configuration", "Unique file handle conflict")
QUIET = StoreOptions(seal_age_s=3600, min_free_bytes=0)
"""Nothing is sealed but by `publish`."""
ALL_OVER = -1e9
"""Seconds of quiet after which every story is over, those of the future too."""


def spans(*ids: int, name: str = "work", note: str = "") -> bytes:
    """A request with spans of these numbers; the same arguments make the same bytes."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in ids:
        span = scope.spans.add(name=name, trace_id=b"\x01" * 16, span_id=number.to_bytes(8, "big"))
        span.start_time_unix_nano = START_NS + number
        span.end_time_unix_nano = START_NS + number + 1000
        if note:
            span.attributes.add(key="note").value.string_value = note
    return request.SerializeToString()


def logs(*numbers: int) -> bytes:
    """A request with log records whose body is the number."""
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number in numbers:
        record = scope.log_records.add(time_unix_nano=START_NS + number)
        record.body.int_value = number
    return request.SerializeToString()


def metrics(*numbers: int) -> bytes:
    """A request with one gauge that has these points."""
    request = ExportMetricsServiceRequest()
    gauge = request.resource_metrics.add().scope_metrics.add().metrics.add(name="depth").gauge
    for number in numbers:
        gauge.data_points.add(time_unix_nano=START_NS + number, as_int=number)
    return request.SerializeToString()


def write(store: Store, signal: str, *payloads: bytes) -> None:
    """Send requests and wait until they are durable."""
    for future in [store.intake.submit(signal, payload) for payload in payloads]:
        future.result(30)


def journal(layout: Layout, signal: str, *payloads: bytes) -> Writer:
    """A writer that has written these requests, a group each, and goes on holding its files."""
    layout.create()
    writer = Writer(layout, min_free_bytes=0)
    for payload in payloads:
        writer.write(signal, [Request(signal, payload)])
    return writer


def abandon(writer: Writer) -> None:
    """Let go of the files as the death of the process would."""
    for signal in ("spans", "logs", "metrics"):
        file = writer.journal.open_file(signal)
        if file:
            file.close()


def publisher(layout: Layout, name: str = "abcde", **options: Any) -> Publisher:
    return Publisher(layout, name, DeadLetters(layout, name), **options)


def ask(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows from a DuckDB file, opened read-only as any reader would; waits for a publisher."""
    for _ in range(2000):
        try:
            with duckdb.connect(str(database), read_only=True) as connection:
                return connection.sql(sql).fetchall()
        except duckdb.Error as error:
            if not any(words in str(error) for words in _BUSY):
                raise
            time.sleep(0.005)
    raise TimeoutError(database)


def count(layout: Layout, view: str = "spans") -> int:
    return int(ask(layout.ledger, f"SELECT count(*) FROM {view}")[0][0])


def span_numbers(layout: Layout) -> list[int]:
    """The numbers of all spans in the view, sorted, repeats included."""
    return sorted(int(row[0], 16) for row in ask(layout.ledger, "SELECT span_id FROM spans"))


def log_numbers(layout: Layout) -> list[int]:
    return sorted(int(row[0]) for row in ask(layout.ledger, "SELECT body FROM logs"))


def python(code: str, *arguments: object, timeout_s: float = 60) -> str:
    """What a program prints; it must end well."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def dead_letters(layout: Layout) -> Sequence[str]:
    """All lines of all dead letters."""
    files = sorted(layout.deadletter.glob("*.jsonl"))
    return [line for file in files for line in file.read_text().splitlines()]
