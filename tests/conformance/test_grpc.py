"""Hold what OTLP/gRPC asks: rules 10 to 16."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo

from . import build
from .answer import RETRYABLE_GRPC, Answer, Verdict
from .doors import Compression, GrpcDoor, send
from .signals import TRACES, Signal
from .target import Target

GARBAGE = {
    "not protobuf": b"this is not protobuf",
    "cut short": build.traces(build.span()).SerializeToString()[:-5],
    "a length beyond the end": build.varint(1 << 3 | 2) + build.varint(10_000) + b"short",
    "an overlong varint": b"\x0a" + b"\xff" * 11,
    "a group that never ends": build.varint(1 << 3 | 3),
    "JSON": b'{"resourceSpans": []}',
}


@pytest.mark.rule(10, "M")
def test_each_service_answers_export(grpc_door: GrpcDoor, signal: Signal) -> None:
    assert send(grpc_door, signal, build.sample(signal)).status == "OK"


@pytest.mark.rule(10, "M")
@pytest.mark.parametrize(
    "method",
    [
        "/opentelemetry.proto.collector.trace.v2.TraceService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/no.such.Service/Export",
    ],
)
def test_an_unknown_method_is_unimplemented(grpc_door: GrpcDoor, method: str) -> None:
    assert grpc_door.call(method, b"", TRACES.response).status == "UNIMPLEMENTED"


@pytest.mark.rule(10, "ours")
def test_profiles_are_unimplemented(grpc_door: GrpcDoor) -> None:
    method = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export"
    assert grpc_door.call(method, b"", TRACES.response).status == "UNIMPLEMENTED"


@pytest.mark.rule(11, "M")
@pytest.mark.parametrize("compression", Compression, ids=lambda c: str(c.value))
def test_too_large_is_resource_exhausted_without_retry_info(
    target: Target, compression: Compression
) -> None:
    body = build.padded(build.traces(build.span()), target.limit + (1 << 20))
    with target.channel() as channel:
        answer = GrpcDoor(channel, compression).send(TRACES, body)
    assert answer.status == "RESOURCE_EXHAUSTED"
    assert answer.detail(RetryInfo) is None
    assert answer.trailer_retry is None


@pytest.mark.rule(12, "R")
@pytest.mark.parametrize("garbage", GARBAGE)
def test_bad_data_is_invalid_argument(grpc_door: GrpcDoor, signal: Signal, garbage: str) -> None:
    assert grpc_door.send(signal, GARBAGE[garbage]).status == "INVALID_ARGUMENT"


@pytest.mark.rule(12, "R")
def test_bad_data_comes_with_a_bad_request(grpc_door: GrpcDoor, signal: Signal) -> None:
    answer = grpc_door.send(signal, GARBAGE["not protobuf"])
    assert answer.error is not None
    assert answer.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert answer.error.message
    assert answer.detail(BadRequest) is not None


def _flood(target: Target, calls: int, spans: int) -> list[Answer]:
    """The answers to many calls at once over one connection."""
    bodies = [
        build.traces(*(build.span(f"step {n}") for n in range(spans))).SerializeToString()
        for _ in range(calls)
    ]
    with target.channel() as channel, ThreadPoolExecutor(calls) as pool:
        door = GrpcDoor(channel, Compression.NONE)
        return list(pool.map(lambda body: door.send(TRACES, body), bodies))


@pytest.mark.rule(13, "S")
def test_overload_asks_to_come_back_or_is_not_felt(target: Target) -> None:
    # A server cannot be overloaded reliably from outside: whatever a flood meets must be right.
    for answer in _flood(target, calls=64, spans=200):
        assert answer.verdict in {Verdict.ACCEPTED, Verdict.RETRY}
        if answer.status == "UNAVAILABLE":
            told = answer.detail(RetryInfo) or answer.trailer_retry
            assert told is not None
            assert 0 < told.retry_delay.ToTimedelta().total_seconds() < 10


@pytest.mark.rule(14, "M")
@pytest.mark.parametrize("garbage", GARBAGE)
def test_bad_data_is_not_to_be_retried(grpc_door: GrpcDoor, signal: Signal, garbage: str) -> None:
    answer = grpc_door.send(signal, GARBAGE[garbage])
    assert not answer.accepted
    assert answer.status not in RETRYABLE_GRPC
    assert answer.detail(RetryInfo) is None
    assert answer.trailer_retry is None


@pytest.mark.rule(15, "S")
def test_many_calls_at_once_are_not_dropped(target: Target) -> None:
    seen = Counter(answer.verdict for answer in _flood(target, calls=256, spans=1))
    assert set(seen) <= {Verdict.ACCEPTED, Verdict.RETRY}


@pytest.mark.rule(16, "M")
def test_calls_run_concurrently_on_one_connection(target: Target) -> None:
    answers = _flood(target, calls=16, spans=10)
    assert [answer.status for answer in answers] == ["OK"] * 16


@pytest.mark.rule(16, "S")
def test_clients_with_connections_of_their_own_are_served(target: Target) -> None:
    def once(_: int) -> Answer:
        with target.channel() as channel:
            return send(GrpcDoor(channel, Compression.GZIP), TRACES, build.traces(build.span()))

    with ThreadPoolExecutor(16) as pool:
        assert {answer.status for answer in pool.map(once, range(16))} == {"OK"}
