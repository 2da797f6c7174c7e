"""Files go in as requests do; what is bad in them costs a dead letter and a note."""

import base64
import json
from collections.abc import Generator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.importing import import_files, named
from spanledger_exporters.storing.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = Store.open(tmp_path / "data")
    yield opened
    opened.close()


def span_line(span_id: str) -> str:
    span = {"traceId": "a" * 32, "spanId": span_id, "name": "n"}
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})


def framed(*messages: bytes) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def trace(name: str = "n") -> bytes:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add(name=name)
    span.trace_id, span.span_id = b"t" * 16, b"s" * 8
    return message.SerializeToString()


def logs() -> bytes:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1)
    return message.SerializeToString()


def metrics() -> bytes:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(as_int=1)
    return message.SerializeToString()


def test_lines_of_all_signals_are_kept(store: Store, tmp_path: Path) -> None:
    log = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1"}]}]}]}'
    path = tmp_path / "all.jsonl"
    path.write_text(f"{span_line('1' * 16)}\n{log}\n{span_line('2' * 16)}\n")
    report = import_files(store.intake, [path])
    assert (report.files, report.requests, report.rejected, report.notes) == (1, 3, 0, [])
    assert store.status().journaled == {"spans": 2, "logs": 1, "metrics": 0}


def test_protobuf_tells_its_signal_by_what_fits(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "unnamed.pb"
    path.write_bytes(framed(trace(), logs(), metrics()))
    assert import_files(store.intake, [path]).notes == []
    assert store.status().journaled == {"spans": 1, "logs": 1, "metrics": 1}


def test_bad_lines_are_noted_by_place_and_kept_as_dead_letters(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "logs.jsonl"
    bad = ["{oops}", '{"hello": 1}', span_line("zz")]
    path.write_text("\n".join([span_line("1" * 16), *bad, span_line("2" * 16)]))
    report = import_files(store.intake, [path])
    assert store.status().journaled["spans"] == 2
    assert report.rejected == 3
    assert sorted(note.where for note in report.notes) == [f"{path}:{n}" for n in (2, 3, 4)]
    letters = [
        json.loads(line)
        for file in store.layout.deadletter.glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]
    raw = {base64.b64decode(letter["raw"]).decode() for letter in letters}
    assert {"{oops}", '{"hello": 1}'} <= raw
    assert len(raw) == 3


def test_a_damaged_message_costs_itself_only(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "traces.pb"
    path.write_bytes(framed(trace(), b"\x0a\xff\xff\xff", trace("other")))
    report = import_files(store.intake, [path])
    assert [note.where for note in report.notes] == [f"{path}#2"]
    assert store.status().journaled["spans"] == 2


def test_the_same_file_twice_is_in_the_ledger_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "traces.pb"
    path.write_bytes(framed(trace()))
    import_files(store.intake, [path])
    import_files(store.intake, [path])
    assert store.status().journaled["spans"] == 1
    assert store.status().repeated_requests == 1


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("traces.pb", "spans"),
        ("exec-grpc.logs.pb.gz", "logs"),
        ("logs-of-traces.metrics.json", "metrics"),
        ("otel.bin", None),
    ],
)
def test_a_file_name_may_tell_the_signal(name: str, signal: str | None) -> None:
    assert named(name) == signal
