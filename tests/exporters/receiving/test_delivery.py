"""Send through both doors at once into a real journal."""

import gzip
import http.client
import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.receiving.grpc_server import serve_grpc
from spanledger_exporters.receiving.http_server import serve_http
from spanledger_exporters.receiving.intake import Intake
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.writer import Writer

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True, slots=True)
class Collector:
    root: Path
    grpc_port: int
    http_port: int

    def journal(self) -> list[str]:
        """Names of the spans in the journal."""
        files = Layout(self.root).hot_files("spans")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [line["name"] for line in lines if "span_id" in line]

    def dead_letters(self) -> list[str]:
        """The reasons in the dead letters."""
        files = Layout(self.root).deadletter.glob("spans-*.jsonl")
        return [json.loads(line)["reason"] for f in files for line in f.read_text().splitlines()]

    def over_grpc(self, request: bytes) -> ExportTraceServiceResponse:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(EXPORT)
            return ExportTraceServiceResponse.FromString(call(request, timeout=20))

    def over_http(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)) as client:
            headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
            client.request("POST", "/v1/traces", gzip.compress(body), headers)
            answer = client.getresponse()
            return answer.status, answer.read()


@pytest.fixture
def collector(tmp_path: Path) -> Generator[Collector]:
    layout = Layout(tmp_path / "data")
    layout.create()
    intake = Intake(Writer(layout, min_free_bytes=0))
    grpc_server = serve_grpc(intake, "127.0.0.1", 0, 1 << 20)
    http_server = serve_http(intake, "127.0.0.1", 0, 1 << 20)
    yield Collector(layout.root, grpc_server.port, http_server.port)
    grpc_server.stop(1)
    http_server.stop(1)
    intake.close()


def request(*names: str, trace_id: bytes = b"\x01" * 16) -> ExportTraceServiceRequest:
    made = ExportTraceServiceRequest()
    scope = made.resource_spans.add().scope_spans.add()
    for number, name in enumerate(names):
        scope.spans.add(name=name, trace_id=trace_id, span_id=(number + 1).to_bytes(8, "big"))
    return made


def test_what_is_acknowledged_is_in_the_journal(collector: Collector) -> None:
    sent = request("a", "b")
    assert collector.over_grpc(sent.SerializeToString()) == ExportTraceServiceResponse()
    assert collector.journal() == ["a", "b"]
    other = request("c", trace_id=b"\x02" * 16).SerializeToString()
    assert collector.over_http(other, "application/x-protobuf") == (200, b"")
    assert collector.journal() == ["a", "b", "c"]


def test_a_retry_over_another_transport_is_written_once(collector: Collector) -> None:
    sent = request("a")
    collector.over_grpc(sent.SerializeToString())
    assert collector.over_http(otlp_json.format(sent), "application/json") == (200, b"{}")
    assert collector.journal() == ["a"]


def test_a_bad_span_is_a_dead_letter_and_its_neighbours_are_kept(collector: Collector) -> None:
    good = request("a").resource_spans[0].scope_spans[0].spans[0]
    bad = {"name": "x", "kind": "SPAN_KIND_CLIENT"}
    spans = [json.loads(otlp_json.format(good)), bad]
    text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
    status, body = collector.over_http(text.encode(), "application/json")
    assert (status, json.loads(body)["partialSuccess"]["rejectedSpans"]) == (200, "1")
    assert collector.journal() == ["a"]
    assert collector.dead_letters() == [
        "Span: kind: an enum's integer was expected, not 'SPAN_KIND_CLIENT'"
    ]


def test_ids_are_checked_alike_in_both_encodings(collector: Collector) -> None:
    sent = request("a", trace_id=bytes(16))
    answer = collector.over_grpc(sent.SerializeToString())
    assert answer.partial_success.rejected_spans == 1
    status, body = collector.over_http(
        otlp_json.format(request("b", trace_id=b"")), "application/json"
    )
    assert (status, json.loads(body)["partialSuccess"]["rejectedSpans"]) == (200, "1")
    assert collector.journal() == []


def test_bytes_that_are_no_protobuf_are_refused_on_both(collector: Collector) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        collector.over_grpc(b"\xff\xff\xff")
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert collector.over_http(b"\xff\xff\xff", "application/x-protobuf")[0] == 400
