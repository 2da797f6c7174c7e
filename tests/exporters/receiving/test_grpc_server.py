"""Talk to the gRPC door as exporters do, and as they should not."""

import socket
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
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
from spanledger_exporters.receiving.grpc_server import serve_grpc
from spanledger_exporters.receiving.intake import Receipt, Reject

LIMIT = 1 << 20
SERVICES = {
    "spans": "opentelemetry.proto.collector.trace.v1.TraceService",
    "logs": "opentelemetry.proto.collector.logs.v1.LogsService",
    "metrics": "opentelemetry.proto.collector.metrics.v1.MetricsService",
}


@dataclass(slots=True)
class Door:
    """Keeps what it is handed, answers from another thread while `open`, or raises `fails`."""

    receipt: Receipt = field(default_factory=lambda: Receipt(0, ""))
    fails: Exception | None = None
    fails_later: Exception | None = None
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(40))

    def submit(
        self, signal: str, payload: bytes, rejects: Sequence[Reject] = ()
    ) -> Future[Receipt]:
        assert not rejects
        if self.fails is not None:
            raise self.fails
        self.seen.append((signal, payload))
        return self.threads.submit(self._answer)

    def _answer(self) -> Receipt:
        assert self.open.wait(20)
        if self.fails_later is not None:
            raise self.fails_later
        return self.receipt


@pytest.fixture
def door() -> Generator[Door]:
    kept = Door()
    kept.open.set()
    yield kept
    kept.open.set()
    kept.threads.shutdown()


@contextmanager
def serving(door: Door, host: str = "127.0.0.1") -> Generator[int]:
    server = serve_grpc(door, host, 0, LIMIT)
    yield server.port
    server.stop(5)


def export(
    port: int,
    request: bytes,
    signal: str = "spans",
    compression: grpc.Compression | None = None,
    host: str = "127.0.0.1",
) -> bytes:
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{SERVICES[signal]}/Export"
        )
        return call(request, timeout=20, compression=compression)


def refusal(port: int, request: bytes) -> tuple[grpc.StatusCode, str, dict[str, bytes]]:
    with pytest.raises(grpc.RpcError) as raised:
        export(port, request)
    error = raised.value
    assert isinstance(error, grpc.Call)
    trailers = {key: value for key, value in error.trailing_metadata() if isinstance(value, bytes)}
    return error.code(), error.details() or "", trailers


@pytest.mark.parametrize("signal", SERVICES)
@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_each_service_hands_on_the_bytes_as_they_are(
    door: Door, signal: str, compression: grpc.Compression | None
) -> None:
    with serving(door) as port:
        assert export(port, b"not even protobuf" * 100, signal, compression) == b""
    assert door.seen == [(signal, b"not even protobuf" * 100)]


def test_partial_success_is_answered_as_success(door: Door) -> None:
    door.receipt = Receipt(3, "no trace id")
    with serving(door) as port:
        answer = ExportTraceServiceResponse.FromString(export(port, b""))
    assert answer.partial_success.rejected_spans == 3
    assert answer.partial_success.error_message == "no trace id"


def test_nothing_is_acknowledged_before_it_is_durable(door: Door) -> None:
    door.open.clear()
    with serving(door) as port, ThreadPoolExecutor(1) as client:
        answer = client.submit(export, port, b"x")
        time.sleep(0.3)
        assert not answer.done()
        door.open.set()
        assert answer.result(10) == b""


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (BadRequestError("no protobuf"), grpc.StatusCode.INVALID_ARGUMENT, False),
        (TooLargeError("over 64 MiB"), grpc.StatusCode.RESOURCE_EXHAUSTED, False),
        (BusyError("too much in flight"), grpc.StatusCode.UNAVAILABLE, True),
        (StoreError("disk full"), grpc.StatusCode.UNAVAILABLE, True),
    ],
)
def test_a_refusal_has_its_code_and_details(
    door: Door, error: LedgerError, code: grpc.StatusCode, *, retryable: bool, later: bool
) -> None:
    if later:
        door.fails_later = error
    else:
        door.fails = error
    with serving(door) as port:
        found, message, trailers = refusal(port, b"x")
    assert (found, message) == (code, str(error))
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert (status.code, status.message) == (code.value[0], str(error))
    kinds = {detail.TypeName() for detail in status.details}
    assert ("google.rpc.RetryInfo" in kinds) is retryable
    assert ("google.rpc.BadRequest" in kinds) is (code is grpc.StatusCode.INVALID_ARGUMENT)
    assert ("google.rpc.retryinfo-bin" in trailers) is retryable
    if retryable:
        info = error_details_pb2.RetryInfo.FromString(trailers["google.rpc.retryinfo-bin"])
        assert info.retry_delay.seconds == 1


def test_an_unforeseen_fault_is_retryable(door: Door) -> None:
    door.fails_later = ZeroDivisionError("secret")
    with serving(door) as port:
        code, message, _ = refusal(port, b"x")
    assert code is grpc.StatusCode.UNAVAILABLE
    assert "secret" not in message


def test_a_message_longer_than_headers_hold_still_arrives(door: Door) -> None:
    door.fails = BadRequestError("\u00e9" * 100_000)
    with serving(door) as port:
        code, _, _ = refusal(port, b"x")
    assert code is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("compression", [None, grpc.Compression.Gzip])
def test_a_message_over_the_limit_is_refused_for_good(
    door: Door, compression: grpc.Compression | None
) -> None:
    with serving(door) as port:
        assert export(port, bytes(LIMIT), compression=compression) == b""
        with pytest.raises(grpc.RpcError) as raised:
            export(port, bytes(LIMIT + 1), compression=compression)
        assert isinstance(raised.value, grpc.Call)
        assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert not [k for k, _ in raised.value.trailing_metadata() if "retryinfo" in k]
        assert export(port, b"next") == b""


def test_an_unknown_service_is_unimplemented(door: Door) -> None:
    with serving(door) as port, grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        profiles = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(profiles)
        with pytest.raises(grpc.RpcError) as raised:
            call(b"", timeout=10)
    assert isinstance(raised.value, grpc.Call)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_many_requests_wait_for_the_disk_together(door: Door) -> None:
    door.open.clear()
    with serving(door) as port, ThreadPoolExecutor(32) as clients:
        answers = [clients.submit(export, port, bytes([n])) for n in range(32)]
        deadline = time.monotonic() + 10
        while len(door.seen) < 32 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert sorted(payload[0] for _, payload in door.seen) == list(range(32))
        door.open.set()
        assert [answer.result(10) for answer in answers] == [b""] * 32


def test_a_second_server_on_the_port_is_refused_in_one_line(door: Door) -> None:
    with serving(door) as port, pytest.raises(UsageError, match=f":{port} is in use"):
        serve_grpc(door, "127.0.0.1", port, LIMIT)


def test_localhost_answers_on_both_loopback_addresses(door: Door) -> None:
    with serving(door, "localhost") as port:
        assert export(port, b"4") == b""
        try:
            socket.create_connection(("::1", port), timeout=5).close()
        except OSError:
            pytest.skip("no IPv6 here")
        assert export(port, b"6", host="[::1]") == b""


def test_stopping_finishes_what_was_taken_and_frees_the_port(door: Door) -> None:
    door.open.clear()
    server = serve_grpc(door, "127.0.0.1", 0, LIMIT)
    with ThreadPoolExecutor(2) as clients:
        answer = clients.submit(export, server.port, b"x")
        while not door.seen:
            time.sleep(0.01)
        stopped = clients.submit(server.stop, 10)
        time.sleep(0.1)
        door.open.set()
        assert answer.result(10) == b""
        stopped.result(10)
    serve_grpc(door, "127.0.0.1", server.port, LIMIT).stop(1)


def test_the_stock_exporter_delivers(door: Door) -> None:
    with serving(door) as port:
        exporter = OTLPSpanExporter(
            f"http://127.0.0.1:{port}", insecure=True, compression=grpc.Compression.Gzip
        )
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("t").start_span("step").end()
        provider.shutdown()
    request = ExportTraceServiceRequest.FromString(door.seen[0][1])
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "step"
