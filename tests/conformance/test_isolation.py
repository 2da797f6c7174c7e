"""Hold that a bad record in protobuf costs itself, not the request it came in: rules 6 and 8."""

from collections.abc import Callable

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from . import build
from .doors import Door, send
from .signals import LOGS, TRACES, Signal
from .stored import Stored, dead_letters
from .target import Target


def _with(**fields: bytes) -> Span:
    span = build.span("bad")
    for name, value in fields.items():
        setattr(span, name, value)
    return span


BAD_SPANS = {
    "a trace id of 15 bytes": lambda: _with(trace_id=b"\x01" * 15),
    "a trace id of 17 bytes": lambda: _with(trace_id=b"\x01" * 17),
    "a trace id of zeros": lambda: _with(trace_id=bytes(16)),
    "no trace id": lambda: _with(trace_id=b""),
    "a span id of 7 bytes": lambda: _with(span_id=b"\x01" * 7),
    "a span id of 16 bytes": lambda: _with(span_id=b"\x01" * 16),
    "a span id of zeros": lambda: _with(span_id=bytes(8)),
    "no span id": lambda: _with(span_id=b""),
}


@pytest.mark.rule(6, "ours")
@pytest.mark.parametrize("kind", BAD_SPANS)
def test_a_span_with_a_bad_id_is_rejected_alone(door: Door, kind: str) -> None:
    answer = send(door, TRACES, build.traces(build.span(), BAD_SPANS[kind](), build.span()))
    assert answer.accepted
    assert answer.rejected == 1
    assert answer.message


@pytest.mark.rule(6, "ours")
@pytest.mark.parametrize("kind", BAD_SPANS)
def test_a_request_of_nothing_but_a_bad_span_is_a_partial_success(
    protobuf_door: Door, kind: str
) -> None:
    answer = send(protobuf_door, TRACES, build.traces(BAD_SPANS[kind]()))
    assert answer.accepted
    assert answer.rejected == 1


@pytest.mark.rule(6, "ours")
def test_what_is_beside_a_bad_span_is_stored(
    protobuf_door: Door, target: Target, stored: Stored
) -> None:
    good = [build.span(f"good {n}") for n in range(3)]
    bad = _with(trace_id=b"\x01" * 15)
    assert send(protobuf_door, TRACES, build.traces(good[0], bad, *good[1:])).rejected == 1
    ids = ", ".join(f"'{span.span_id.hex()}'" for span in (*good, bad))
    wanted = f"SELECT name FROM spans WHERE span_id IN ({ids}) ORDER BY name"
    assert stored(wanted) == [("good 0",), ("good 1",), ("good 2",)]
    assert target.data is not None
    assert dead_letters(target.data)


@pytest.mark.rule(6, "ours")
def test_invalid_utf8_costs_only_its_record(protobuf_door: Door, signal: Signal) -> None:
    answer = protobuf_door.send(signal, build.partly_not_utf8(signal, good=4, bad=2))
    assert answer.accepted
    assert answer.rejected == 2
    assert answer.message


def _log_with(trace_id: bytes, span_id: bytes) -> Callable[[], bytes]:
    def payload() -> bytes:
        record = build.log("with ids")
        record.trace_id, record.span_id = trace_id, span_id
        return build.logs(record).SerializeToString()

    return payload


@pytest.mark.rule(8, "R")
@pytest.mark.parametrize(
    "ids",
    [(b"", b""), (b"\x01" * 16, b""), (b"\x01" * 16, b"\x02" * 8)],
    ids=["none", "a trace", "both"],
)
def test_log_records_may_have_no_ids(protobuf_door: Door, ids: tuple[bytes, bytes]) -> None:
    assert protobuf_door.send(LOGS, _log_with(*ids)()).whole
