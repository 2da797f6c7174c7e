"""Hold that hostile requests are answered in time, and that the server lives on."""

import secrets
from collections.abc import Callable, Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from . import build, hostile, otlp_json
from .answer import Answer, Verdict
from .doors import Compression, Door, GrpcDoor, HttpDoor, send
from .signals import TRACES, Signal
from .stored import Stored
from .target import Target

_REFUSABLE = {Verdict.ACCEPTED, Verdict.BAD_DATA}
_MIB = 1 << 20


@pytest.fixture(autouse=True)
def _lives_on(target: Target) -> Iterator[None]:
    """After each test a good request must still succeed, in time."""
    yield
    if target.http_at:
        door = HttpDoor(target.http_base, Compression.NONE)
        answers = [send(door, TRACES, build.traces(build.span()))]
    else:
        answers = []
    if target.grpc_at:
        with target.channel() as channel:
            door_too = GrpcDoor(channel, Compression.NONE)
            answers.append(send(door_too, TRACES, build.traces(build.span())))
    assert all(answer.accepted and answer.seconds < target.within for answer in answers)


def _in_time(answer: Answer, target: Target) -> Answer:
    assert answer.seconds < target.within
    return answer


@pytest.mark.alone
@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("size", [2, 16], ids=lambda n: f"{n} times the limit")
def test_a_gzip_bomb_is_too_large(http_door: HttpDoor, target: Target, size: int) -> None:
    headers = {"Content-Type": http_door.content_type, "Content-Encoding": "gzip"}
    bomb = hostile.gzip_bomb(size * target.limit)
    answer = http_door.request("POST", TRACES.path, bomb, headers)
    assert _in_time(answer, target).verdict is Verdict.TOO_LARGE


@pytest.mark.rule("bad input", "R")
def test_a_gzip_bomb_over_grpc_is_too_large(target: Target) -> None:
    with target.channel() as channel:
        answer = GrpcDoor(channel, Compression.GZIP).send(TRACES, bytes(target.limit + _MIB))
    assert answer.verdict is Verdict.TOO_LARGE


@pytest.mark.alone
@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("depth", [20, 64, 1_000, 10_000])
def test_deep_nesting_in_protobuf_is_survived(
    protobuf_door: Door, target: Target, depth: int
) -> None:
    answer = protobuf_door.send(TRACES, hostile.nested_protobuf(depth))
    assert _in_time(answer, target).verdict in _REFUSABLE


@pytest.mark.alone
@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("depth", [20, 64, 1_000, 10_000, 1_000_000])
@pytest.mark.parametrize("make", [hostile.nested_json, hostile.nested_unknown_json])
def test_deep_nesting_in_json_is_survived(
    json_door: HttpDoor, target: Target, make: Callable[[int], bytes], depth: int
) -> None:
    answer = json_door.send(TRACES, make(depth))
    assert _in_time(answer, target).verdict in _REFUSABLE


@pytest.mark.rule("bad input", "ours")
@pytest.mark.parametrize("depth", [20, 64, 1_000, 10_000])
def test_a_deep_span_costs_at_most_itself(protobuf_door: Door, depth: int) -> None:
    answer = protobuf_door.send(TRACES, hostile.nested_protobuf(depth))
    assert answer.accepted
    assert answer.rejected <= 1


def _with_many_attributes() -> Span:
    pairs = hostile.many_attributes(100_000)
    return build.span("many", tuple(build.attribute(key, value) for key, value in pairs))


@pytest.mark.alone
@pytest.mark.rule("bad input", "R")
def test_very_many_attributes_are_survived(door: Door, target: Target) -> None:
    answer = send(door, TRACES, build.traces(_with_many_attributes(), build.span("good")))
    assert _in_time(answer, target).verdict in _REFUSABLE


@pytest.mark.alone
@pytest.mark.rule("bad input", "R")
def test_very_many_empty_spans_are_survived(protobuf_door: Door, target: Target) -> None:
    spans = build.field(2, b"") * 100_000
    answer = protobuf_door.send(TRACES, build.field(1, build.field(2, spans)))
    assert _in_time(answer, target).verdict in _REFUSABLE


def _at(start: int, end: int) -> Span:
    span = build.span("odd times")
    span.start_time_unix_nano, span.end_time_unix_nano = start, end
    return span


ODD_TIMES = {
    "both 0": (0, 0),
    "end 0": (1_700_000_000_000_000_000, 0),
    "end before start": (1_700_000_000_000_000_000, 1_600_000_000_000_000_000),
    "both 2^64-1": (2**64 - 1, 2**64 - 1),
    "from 0 to 2^64-1": (0, 2**64 - 1),
    "beyond a signed integer": (2**63, 2**63 + 1),
}


@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("times", ODD_TIMES)
def test_odd_times_are_accepted(door: Door, target: Target, times: str) -> None:
    answer = send(door, TRACES, build.traces(_at(*ODD_TIMES[times])))
    assert _in_time(answer, target).whole


@pytest.mark.rule("bad input", "ours")
@pytest.mark.parametrize("times", ODD_TIMES)
def test_spans_with_odd_times_are_stored(door: Door, stored: Stored, times: str) -> None:
    span = _at(*ODD_TIMES[times])
    assert send(door, TRACES, build.traces(span)).whole
    wanted = f"SELECT name FROM spans WHERE span_id = '{span.span_id.hex()}'"
    assert stored(wanted) == [("odd times",)]


@pytest.mark.rule("bad input", "R")
def test_an_unknown_enum_number_is_accepted(door: Door) -> None:
    span = build.span()
    span.kind = Span.SpanKind.ValueType(77)
    assert send(door, TRACES, build.traces(span)).whole


@pytest.mark.rule("bad input", "R")
def test_duplicate_attribute_keys_are_accepted(door: Door, signal: Signal) -> None:
    twice = (build.attribute("same", "one"), build.attribute("same", 2))
    assert send(door, signal, build.sample(signal, attributes=twice)).whole


HOSTILE_TEXTS = {
    "SQL": "'; DROP TABLE spans; --",
    "a path": "../../../../etc/passwd",
    "a format": "%s%n{0.__class__}${jndi:ldap://x}",
    "HTML": "<script>alert(1)</script>",
    "terminal escapes": "\x1b]0;x\x07\x1b[2J",
    "NUL": "a\x00b",
    "line ends": "a\nb\r\nc\u2028d",
    "a long text": "x" * 100_000,
}


@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_hostile_text_is_just_a_text(door: Door, signal: Signal, kind: str) -> None:
    text = HOSTILE_TEXTS[kind]
    attributes = (build.attribute(text, text),)
    assert send(door, signal, build.sample(signal, text, attributes=attributes)).whole


@pytest.mark.rule("bad input", "ours")
@pytest.mark.parametrize("kind", HOSTILE_TEXTS)
def test_a_hostile_text_is_stored_as_it_is(door: Door, stored: Stored, kind: str) -> None:
    text = HOSTILE_TEXTS[kind]
    span = build.span(text, (build.attribute(text, text),))
    assert send(door, TRACES, build.traces(span)).whole
    wanted = f"SELECT name, attributes FROM spans WHERE span_id = '{span.span_id.hex()}'"
    assert stored(wanted) == [(text, {text: text})]


@pytest.mark.rule("bad input", "R")
@pytest.mark.parametrize("length", [1, 100, 10_000])
def test_noise_is_survived(door: Door, target: Target, length: int) -> None:
    for _ in range(20):
        answer = door.send(TRACES, secrets.token_bytes(length))
        assert _in_time(answer, target).verdict is not Verdict.RETRY


@pytest.mark.rule("bad input", "R")
def test_a_request_cut_at_any_place_is_survived(target: Target) -> None:
    door = HttpDoor(target.http_base, Compression.NONE)
    span = build.span(attributes=(build.attribute("key", "value"),))
    body = build.traces(span).SerializeToString()
    for end in range(len(body)):
        assert door.send(TRACES, body[:end]).verdict in _REFUSABLE


@pytest.mark.rule("bad input", "R")
def test_a_json_request_cut_at_any_place_is_survived(json_door: HttpDoor) -> None:
    body = otlp_json.text(otlp_json.document(build.traces(build.span())))
    for end in range(0, len(body), 3):
        assert json_door.send(TRACES, body[:end]).verdict in _REFUSABLE
