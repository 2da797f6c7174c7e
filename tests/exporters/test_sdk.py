"""The SDK's exporters write into the ledger, never raise, and never wait for long."""

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.sdk import (
    LedgerLogRecordExporter,
    LedgerMetricExporter,
    LedgerSpanExporter,
)

INSTRUMENT = Path(sys.executable).with_name("opentelemetry-instrument")


def ask(root: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(root / "ledger.duckdb"), read_only=True) as connection:
        return connection.sql(sql).fetchall()


def ended_span(name: str = "work") -> ReadableSpan:
    span = TracerProvider().get_tracer("test").start_span(name)
    span.end()
    assert isinstance(span, ReadableSpan)
    return span


@contextmanager
def no_room_in_files() -> Generator[None]:
    """Every write fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_spans_are_durable_when_the_exporter_says_so(tmp_path: Path) -> None:
    exporter = LedgerSpanExporter(tmp_path)
    assert exporter.export([ended_span("one"), ended_span("two")]) is SpanExportResult.SUCCESS
    assert exporter.force_flush()
    lines = [
        json.loads(line)
        for path in (tmp_path / "journal" / "hot").glob("spans-*-*.jsonl")
        for line in path.read_text().splitlines()
    ]
    assert [line["name"] for line in lines if "name" in line] == ["one", "two"]
    exporter.shutdown()
    assert ask(tmp_path, "SELECT name FROM spans ORDER BY 1") == [("one",), ("two",)]


def test_all_three_signals_go_through_one_store(tmp_path: Path) -> None:
    tracing, logging_, metering = (
        TracerProvider(),
        LoggerProvider(),
        MeterProvider([PeriodicExportingMetricReader(LedgerMetricExporter(tmp_path), 3_600_000)]),
    )
    tracing.add_span_processor(BatchSpanProcessor(LedgerSpanExporter(tmp_path)))
    logging_.add_log_record_processor(SimpleLogRecordProcessor(LedgerLogRecordExporter(tmp_path)))
    with tracing.get_tracer("t").start_as_current_span("step") as span:
        span.set_attribute("tokens", 5)
    logging_.get_logger("l").emit(
        LogRecord(body={"text": "hello", "n": [1, 2]}, severity_number=SeverityNumber.WARN)
    )
    metering.get_meter("m").create_counter("calls").add(3)
    for provider in (tracing, logging_, metering):
        provider.force_flush()
    for provider in (tracing, logging_, metering):
        provider.shutdown()
    assert ask(tmp_path, "SELECT attributes['tokens'] FROM spans") == [("5",)]
    assert ask(tmp_path, "SELECT json(body), severity_number FROM logs") == [
        ('{"text":"hello","n":[1,2]}', 13)
    ]
    assert ask(tmp_path, "SELECT DISTINCT name, value_int FROM metrics") == [("calls", 3)]
    writers = {ask(tmp_path, f"SELECT writer FROM {s}")[0] for s in ("spans", "logs", "metrics")}
    assert len(writers) == 1


def test_after_shutdown_exports_fail_and_nothing_is_raised(tmp_path: Path) -> None:
    spans, logs = LedgerSpanExporter(tmp_path), LedgerLogRecordExporter(tmp_path)
    metrics = LedgerMetricExporter(tmp_path)
    for exporter in (spans, logs, metrics):
        exporter.shutdown()
        exporter.shutdown()
        assert not exporter.force_flush()
    assert spans.export([ended_span()]) is SpanExportResult.FAILURE
    assert logs.export([]) is LogRecordExportResult.FAILURE
    assert metrics.export(MetricsData([])) is MetricExportResult.FAILURE


def test_the_store_stays_open_for_the_other_exporters(tmp_path: Path) -> None:
    first, second = LedgerSpanExporter(tmp_path), LedgerSpanExporter(tmp_path)
    for exporter in (first, second):
        assert exporter.export([ended_span()]) is SpanExportResult.SUCCESS
    first.shutdown()
    assert second.export([ended_span()]) is SpanExportResult.SUCCESS
    second.shutdown()
    third = LedgerSpanExporter(tmp_path)
    assert third.export([ended_span()]) is SpanExportResult.SUCCESS
    third.shutdown()
    assert ask(tmp_path, "SELECT count(*) FROM spans") == [(4,)]


def test_a_directory_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    exporter = LedgerSpanExporter(blocked / "data")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert exporter.export([ended_span()]) is SpanExportResult.FAILURE
    (record,) = [r for r in caplog.records if r.name == "spanledger_exporters.sdk"]
    assert "could not record spans: cannot write to" in record.getMessage()
    exporter.shutdown()


def test_a_full_disk_fails_and_once_there_is_room_it_goes_on(tmp_path: Path) -> None:
    exporter = LedgerSpanExporter(tmp_path)
    with no_room_in_files():
        assert exporter.export([ended_span("lost")]) is SpanExportResult.FAILURE
    assert exporter.export([ended_span("first")]) is SpanExportResult.SUCCESS
    with no_room_in_files():
        for _ in range(3):
            assert exporter.export([ended_span("lost")]) is SpanExportResult.FAILURE
    assert exporter.export([ended_span("second")]) is SpanExportResult.SUCCESS
    exporter.shutdown()
    assert ask(tmp_path, "SELECT name FROM spans ORDER BY 1") == [("first",), ("second",)]


def test_what_cannot_be_encoded_fails_and_does_not_raise(tmp_path: Path) -> None:
    exporter = LedgerSpanExporter(tmp_path)
    broken: Any = object()
    assert exporter.export([broken]) is SpanExportResult.FAILURE
    exporter.shutdown()


def test_an_export_waits_no_longer_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening waits for a lock that somebody holds; the agent does not."""
    from spanledger_exporters import sdk  # noqa: PLC0415 - its limit is what is tested

    monkeypatch.setattr(sdk, "_TIMEOUT_S", 0.5)
    (tmp_path / "journal").mkdir()
    os.mkfifo(tmp_path / "ledger.duckdb.new")
    exporter = LedgerSpanExporter(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(sdk, "_store", lambda _root: time.sleep(3))
        began = time.monotonic()
        assert exporter.export([ended_span()]) is SpanExportResult.FAILURE
        assert time.monotonic() - began < 2


def test_a_forked_child_gets_a_store_of_its_own(tmp_path: Path) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    exporter = LedgerSpanExporter(tmp_path)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("t").start_span("parent").end()
    child = os.fork()
    if not child:
        provider.get_tracer("t").start_span("child").end()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    provider.get_tracer("t").start_span("after").end()
    provider.shutdown()
    found = ask(tmp_path, "SELECT name, writer FROM spans ORDER BY 1")
    assert [name for name, _ in found] == ["after", "child", "parent"]
    assert len({writer for _, writer in found}) == 2


AGENT = """
import logging
from opentelemetry import metrics, trace
with trace.get_tracer("agent").start_as_current_span("run"):
    logging.getLogger("agent").warning("hello %s", "ledger")
metrics.get_meter("agent").create_counter("calls").add(2)
"""


@pytest.mark.slow
def test_an_agent_needs_only_environment_variables(tmp_path: Path) -> None:
    if not INSTRUMENT.exists():
        pytest.skip("opentelemetry-distro is not installed")
    script = tmp_path / "agent.py"
    script.write_text(AGENT)
    environment = {
        "PATH": os.environ["PATH"],
        "SPANLEDGER_DATA": str(tmp_path / "data"),
        "OTEL_TRACES_EXPORTER": "spanledger",
        "OTEL_LOGS_EXPORTER": "spanledger",
        "OTEL_METRICS_EXPORTER": "spanledger",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
        "OTEL_SERVICE_NAME": "fixer",
    }
    ran = subprocess.run(
        [INSTRUMENT, sys.executable, script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    data = tmp_path / "data"
    assert ask(data, "SELECT name, service_name FROM spans") == [("run", "fixer")]
    assert ask(data, "SELECT body FROM logs WHERE body LIKE 'hello%'") == [("hello ledger",)]
    assert ask(data, "SELECT value_int FROM metrics WHERE name = 'calls'") == [(2,)]
    assert not list((data / "journal" / "hot").glob("*-*-*.jsonl"))


def _is_of_the_binding(line: str) -> bool:
    return "nanobind" in line or line.startswith((" - leaked", " - ... skipped"))


def test_a_program_that_shuts_nothing_down_ends_well_and_loses_nothing(tmp_path: Path) -> None:
    code = """
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from spanledger_exporters.sdk import LedgerSpanExporter
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(SimpleSpanProcessor(LedgerSpanExporter(sys.argv[1])))
provider.get_tracer("t").start_span("work").end()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # DuckDB's binding may tell what it still held when the interpreter ended; nothing else may.
    told = [line for line in ran.stderr.splitlines() if not _is_of_the_binding(line)]
    assert (ran.returncode, told) == (0, [])
    assert Ledger(tmp_path).sql("SELECT name FROM spans").fetchall() == [("work",)]
