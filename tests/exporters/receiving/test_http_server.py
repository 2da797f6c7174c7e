"""Talk to the HTTP door as exporters do, and as they should not."""

import gzip
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from spanledger_exporters.errors import (
    BadRequestError,
    BusyError,
    LedgerError,
    StoreError,
    TooLargeError,
    UsageError,
)
from spanledger_exporters.receiving import http_server
from spanledger_exporters.receiving.http_server import PATHS, serve_http
from spanledger_exporters.receiving.intake import Receipt, Reject

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 1 << 20
PROTOBUF, JSON = "application/x-protobuf", "application/json"
SPAN = {"traceId": "01" * 16, "spanId": "02" * 8, "name": "step"}


@dataclass(slots=True)
class Door:
    """Keeps what it is handed, answers from another thread while `open`, or raises `fails`."""

    receipt: Receipt | None = None
    fails: Exception | None = None
    fails_later: Exception | None = None
    seen: list[tuple[str, bytes, list[Reject]]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(40))

    def submit(
        self, signal: str, payload: bytes, rejects: Sequence[Reject] = ()
    ) -> Future[Receipt]:
        if self.fails is not None:
            raise self.fails
        self.seen.append((signal, payload, list(rejects)))
        return self.threads.submit(self._answer, len(rejects))

    def _answer(self, rejected: int) -> Receipt:
        assert self.open.wait(20)
        if self.fails_later is not None:
            raise self.fails_later
        return self.receipt or Receipt(rejected, "bad" if rejected else "")


@contextmanager
def serving(door: Door, host: str = "127.0.0.1") -> Generator[int]:
    server = serve_http(door, host, 0, LIMIT)
    yield server.port
    server.stop(5)


@pytest.fixture(scope="module")
def shared() -> Generator[tuple[Door, int]]:
    door = Door()
    with serving(door) as found:
        yield door, found
    door.threads.shutdown()


@pytest.fixture
def door(shared: tuple[Door, int]) -> Generator[Door]:
    """The door of this test; its server is shared, for starting one takes a third of a second."""
    found, _ = shared
    found.receipt = found.fails = found.fails_later = None
    found.seen.clear()
    found.open.set()
    yield found
    found.open.set()


@pytest.fixture
def port(shared: tuple[Door, int], door: Door) -> int:
    return shared[1]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def error(self) -> status_pb2.Status:
        """The google.rpc.Status in the body, which the content type must name."""
        if self.headers["content-type"] == PROTOBUF:
            return status_pb2.Status.FromString(self.body)
        assert self.headers["content-type"] == JSON
        found = status_pb2.Status()
        json_format.Parse(self.body, found)
        return found


Body = bytes | Iterator[bytes]


def ask(
    port: int,
    path: str = "/v1/traces",
    body: Body = b"",
    method: str = "POST",
    **headers: str,
) -> Answer:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        chunked = not isinstance(body, bytes)
        if chunked:
            named["Transfer-Encoding"] = "chunked"
        connection.request(method, path, body, named, encode_chunked=chunked)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def text(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


@pytest.mark.parametrize("path", PATHS)
def test_protobuf_is_handed_on_as_it_is(port: int, door: Door, path: str) -> None:
    answer = ask(port, path, b"not even protobuf", content_type=PROTOBUF)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, PROTOBUF, b"")
    assert door.seen == [(PATHS[path], b"not even protobuf", [])]


def test_json_is_handed_on_as_protobuf(port: int, door: Door) -> None:
    answer = ask(port, body=text(SPAN), content_type="application/json; charset=utf-8")
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, JSON, b"{}")
    request = ExportTraceServiceRequest.FromString(door.seen[0][1])
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "step"


def test_a_bad_span_in_json_is_a_partial_success(port: int, door: Door) -> None:
    bad = {**SPAN, "kind": "SPAN_KIND_CLIENT"}
    answer = ask(port, body=text(SPAN, bad), content_type=JSON)
    assert answer.status == 200
    assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"
    assert json.loads(door.seen[0][2][0].raw) == bad


def test_partial_success_in_protobuf(port: int, door: Door) -> None:
    door.receipt = Receipt(3, "no trace id")
    answer = ExportTraceServiceResponse.FromString(ask(port, content_type=PROTOBUF).body)
    assert answer.partial_success.rejected_spans == 3


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("zstd", zstd.compress),
        ("identity", bytes),
    ],
)
def test_a_body_is_inflated(port: int, door: Door, coding: str, encode: type[bytes]) -> None:
    for body, kind in ((b"spans" * 99, PROTOBUF), (text(SPAN), JSON)):
        answer = ask(port, body=encode(body), content_type=kind, content_encoding=coding)
        assert answer.status == 200
    assert door.seen[0][1] == b"spans" * 99
    assert len(door.seen) == 2


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_a_chunked_body_is_read(port: int, door: Door, kind: str) -> None:
    pieces = text(SPAN)
    answer = ask(
        port, body=(pieces[i : i + 7] for i in range(0, len(pieces), 7)), content_type=kind
    )
    assert answer.status == 200
    assert len(door.seen) == 1


def test_100_continue_is_answered(port: int, door: Door) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(_head(port, "Expect: 100-continue", "Content-Length: 5"))
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"spans")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert door.seen[0][1] == b"spans"


def test_a_body_too_large_is_refused_without_the_100_continue(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(_head(port, "Expect: 100-continue", f"Content-Length: {LIMIT + 1}"))
        answer = client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def _head(port: int, *lines: str) -> bytes:
    common = (f"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1:{port}", f"Content-Type: {PROTOBUF}")
    return "\r\n".join((*common, *lines, "", "")).encode()


@pytest.mark.parametrize("kind", [PROTOBUF, JSON, "text/plain", ""])
@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/traces/", "POST", 404),
        ("/", "GET", 404),
        ("/v1development/profiles", "POST", 404),
        ("/v1/traces", "GET", 405),
        ("/v1/logs", "PUT", 405),
        ("/v1/metrics", "OPTIONS", 405),
    ],
)
def test_other_paths_and_methods_have_a_status_body(
    port: int, path: str, method: str, status: int, kind: str
) -> None:
    answer = ask(port, path, method=method, content_type=kind)
    assert answer.status == status
    assert answer.error().message
    assert answer.headers["content-type"] == (PROTOBUF if kind == PROTOBUF else JSON)
    assert answer.headers["allow"] == ("POST" if status == 405 else None)


@pytest.mark.parametrize("kind", ["text/plain", "", "application/protobuf", "multipart/form-data"])
def test_another_content_type_is_415(port: int, door: Door, kind: str) -> None:
    answer = ask(port, body=text(SPAN), content_type=kind)
    assert answer.status == 415
    assert "application/json" in answer.error().message
    assert door.seen == []


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "snappy"])
def test_another_content_encoding_is_415(port: int, coding: str) -> None:
    answer = ask(port, body=b"x", content_type=PROTOBUF, content_encoding=coding)
    assert answer.status == 415
    assert answer.error().message
    assert answer.headers["accept-encoding"] == "gzip, zstd"


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_damaged_body_is_400(port: int, kind: str, coding: str) -> None:
    answer = ask(port, body=b"damaged", content_type=kind, content_encoding=coding)
    assert answer.status == 400
    assert answer.error().details[0].TypeName() == "google.rpc.BadRequest"
    assert answer.headers["content-type"] == kind


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 10_000, b'{"a":1,"a":1}', b"\xef\xbb\xbf{}"])
def test_what_is_no_json_is_400(port: int, body: bytes) -> None:
    answer = ask(port, body=body, content_type=JSON)
    assert answer.status == 400
    assert answer.error().code == 3


def test_a_body_over_the_limit_is_413_however_it_comes(port: int, door: Door) -> None:
    large = bytes(LIMIT + 1)
    pieces = (large[i : i + 65536] for i in range(0, len(large), 65536))
    answers = [
        ask(port, body=large, content_type=PROTOBUF),
        ask(port, body=pieces, content_type=PROTOBUF),
        ask(port, body=gzip.compress(large), content_type=PROTOBUF, content_encoding="gzip"),
        ask(port, body=zstd.compress(large), content_type=PROTOBUF, content_encoding="zstd"),
    ]
    assert [answer.status for answer in answers] == [413] * 4
    assert all(answer.error().message for answer in answers)
    assert door.seen == []
    assert ask(port, body=large[:LIMIT], content_type=PROTOBUF).status == 200


def test_a_body_far_over_the_limit_is_answered_all_the_same(port: int) -> None:
    answer = ask(port, body=bytes(50 * LIMIT), content_type=PROTOBUF)
    assert answer.status == 413


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequestError("no protobuf"), 400),
        (TooLargeError("too large"), 413),
        (BusyError("too much in flight"), 503),
        (StoreError("disk full"), 503),
        (ZeroDivisionError("secret"), 503),
        (TimeoutError("secret"), 503),
    ],
)
def test_a_refusal_has_its_status_and_body(
    port: int, door: Door, error: Exception, status: int, kind: str, *, later: bool
) -> None:
    if later:
        door.fails_later = error
    else:
        door.fails = error
    answer = ask(port, body=b"{}", content_type=kind)
    assert answer.status == status
    assert answer.headers["content-type"] == kind
    if isinstance(error, LedgerError):
        assert answer.error().message == str(error)
    assert b"secret" not in answer.body
    assert answer.headers["retry-after"] == ("1" if status == 503 else None)


def test_nothing_is_acknowledged_before_it_is_durable(port: int, door: Door) -> None:
    door.open.clear()
    with ThreadPoolExecutor(1) as client:
        answer = client.submit(ask, port, content_type=PROTOBUF)
        time.sleep(0.3)
        assert not answer.done()
        door.open.set()
        assert answer.result(10).status == 200


def test_many_requests_wait_for_the_disk_together(port: int, door: Door) -> None:
    door.open.clear()
    with ThreadPoolExecutor(32) as clients:
        answers = [clients.submit(ask, port, content_type=PROTOBUF) for _ in range(32)]
        deadline = time.monotonic() + 10
        while len(door.seen) < 32 and time.monotonic() < deadline:
            time.sleep(0.01)
        door.open.set()
        assert {answer.result(10).status for answer in answers} == {200}


def test_bytes_in_flight_are_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "IN_FLIGHT_BYTES", 2 * LIMIT)
    door.open.clear()
    with serving(door) as port, ThreadPoolExecutor(2) as clients:
        body = bytes(LIMIT)
        waiting = [clients.submit(ask, port, body=body, content_type=PROTOBUF) for _ in range(2)]
        while len(door.seen) < 2:
            time.sleep(0.01)
        refused = ask(port, body=body, content_type=PROTOBUF)
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        door.open.set()
        assert {answer.result(10).status for answer in waiting} == {200}
        assert ask(port, body=body, content_type=PROTOBUF).status == 200


@pytest.mark.alone
def test_a_large_json_body_does_not_delay_a_small_request(door: Door) -> None:
    server = serve_http(door, "127.0.0.1", 0, 16 << 20)
    with ThreadPoolExecutor(1) as client:
        large = client.submit(ask, server.port, body=text(*[SPAN] * 100_000), content_type=JSON)
        time.sleep(0.1)
        start = time.monotonic()
        assert ask(server.port, content_type=PROTOBUF).status == 200
        assert time.monotonic() - start < 0.5
        assert large.result(20).status == 200
    server.stop(5)


def test_a_body_that_stops_coming_is_given_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "READ_S", 0.2)
    with serving(door) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(_head(port, "Content-Length: 5") + b"sp")
            assert client.recv(1000).startswith(b"HTTP/1.1 408 ")
        assert ask(port, content_type=PROTOBUF).status == 200
    assert len(door.seen) == 1


def test_a_body_that_is_still_coming_when_the_server_stops_is_asked_for_again(door: Door) -> None:
    server = serve_http(door, "127.0.0.1", 0, LIMIT)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(_head(server.port, "Content-Length: 5") + b"sp")
        time.sleep(0.2)
        server.stop(1)
        assert client.recv(1000).startswith(b"HTTP/1.1 503 ")
    assert door.seen == []


def test_a_client_that_hangs_up_leaves_nothing_behind(port: int, door: Door) -> None:
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            client.sendall(_head(port, "Content-Length: 500000") + bytes(1000))
    assert ask(port, body=bytes(LIMIT), content_type=PROTOBUF).status == 200
    assert len(door.seen) == 1


def test_a_connection_is_kept_for_the_next_request(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for body, status in ((b"x", 200), (bytes(LIMIT + 1), 413), (b"x", 200)):
            connection.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}])
@pytest.mark.parametrize("path", [*PATHS, "/other"])
def test_web_pages_are_kept_out_of_every_path(
    port: int, door: Door, path: str, headers: dict[str, str]
) -> None:
    answer = ask(port, path, text(SPAN), content_type=JSON, **headers)
    assert answer.status == 403
    assert answer.error().code == 7
    assert "access-control-allow-origin" not in answer.headers
    assert door.seen == []


def test_a_port_that_is_taken_is_one_line(port: int, door: Door) -> None:
    with pytest.raises(UsageError, match=f":{port} is in use"):
        serve_http(door, "127.0.0.1", port, LIMIT)


def test_stopping_finishes_what_was_taken_and_frees_the_port(door: Door) -> None:
    door.open.clear()
    server = serve_http(door, "127.0.0.1", 0, LIMIT)
    with ThreadPoolExecutor(2) as clients:
        answer = clients.submit(ask, server.port, content_type=PROTOBUF)
        while not door.seen:
            time.sleep(0.01)
        stopped = clients.submit(server.stop, 10)
        time.sleep(0.2)
        door.open.set()
        assert answer.result(10).status == 200
        stopped.result(10)
    serve_http(door, "127.0.0.1", server.port, LIMIT).stop(1)


def test_stopping_does_not_wait_for_a_client_that_sends_nothing(door: Door) -> None:
    server = serve_http(door, "127.0.0.1", 0, LIMIT)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(_head(server.port, "Content-Length: 5"))
        time.sleep(0.1)
        start = time.monotonic()
        server.stop(1)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_stock_exporter_delivers(port: int, door: Door, compression: Compression) -> None:
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{port}/v1/traces", compression=compression)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.get_tracer("t").start_span("step").end()
    provider.shutdown()
    request = ExportTraceServiceRequest.FromString(door.seen[0][1])
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "step"
