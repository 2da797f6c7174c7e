"""The ledger goes out as OTLP/JSON lines and comes in again the same."""

import io
import json
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.importing import import_files
from spanledger_exporters.reading.exporting import to_folder, to_stream
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store


def filled(directory: Path, spans: int) -> Ledger:
    message = ExportTraceServiceRequest()
    made = message.resource_spans.add().scope_spans.add().spans
    for number in range(spans):
        span = made.add(trace_id=b"t" * 16, span_id=(number + 1).to_bytes(8, "big"), name="n")
        span.attributes.add(key="number").value.int_value = number
    store = Store.open(directory)
    store.intake.submit("spans", message.SerializeToString()).result()
    store.close()
    return Ledger(directory)


def test_a_line_has_at_most_1000_records(tmp_path: Path) -> None:
    seen: list[int] = []
    written = to_folder(filled(tmp_path / "a", 2500), tmp_path / "out", seen.append)
    assert written == {tmp_path / "out" / "traces.jsonl": 2500}
    assert sum(seen) == 2500
    lines = (tmp_path / "out" / "traces.jsonl").read_text().splitlines()
    counts = [len(json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]) for line in lines]
    assert counts == [1000, 1000, 500]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["traces.jsonl"]


def test_what_went_out_comes_in_again_the_same(tmp_path: Path) -> None:
    first = filled(tmp_path / "a", 50)
    to_folder(first, tmp_path / "out", lambda _: None)
    store = Store.open(tmp_path / "b")
    import_files(store.intake, [tmp_path / "out" / "traces.jsonl"])
    store.close()
    again, once = io.BytesIO(), io.BytesIO()
    to_stream(first, once, lambda _: None)
    to_stream(Ledger(tmp_path / "b"), again, lambda _: None)
    assert again.getvalue() == once.getvalue() != b""
