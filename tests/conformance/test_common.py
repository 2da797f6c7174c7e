"""Hold what both transports share: rules 1 to 9."""

import secrets

import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from . import build
from .answer import Verdict
from .doors import Door, send
from .signals import TRACES, Signal
from .stored import Stored
from .target import Target

_MIB = 1 << 20


@pytest.mark.rule(1, "M")
def test_each_signal_is_accepted_plain_and_gzipped(door: Door, signal: Signal) -> None:
    assert send(door, signal, build.sample(signal)).accepted


@pytest.mark.rule(1, "M")
def test_a_batch_is_accepted(door: Door, signal: Signal) -> None:
    names = [f"step {n}" for n in range(512)]
    assert send(door, signal, build.sample(signal, *names)).accepted


def _body(door: Door, size: int) -> bytes:
    if door.json:
        return b'{"padding": "' + b"0" * (size - 15) + b'"}'
    return build.padded(ExportTraceServiceRequest(), size)


@pytest.mark.rule(2, "M")
def test_a_request_over_the_limit_is_refused(door: Door, target: Target) -> None:
    assert door.send(TRACES, _body(door, target.limit + _MIB)).verdict is Verdict.TOO_LARGE


@pytest.mark.rule(2, "R")
def test_a_request_just_under_the_limit_is_accepted(door: Door, target: Target) -> None:
    assert door.send(TRACES, _body(door, target.limit - _MIB)).accepted


@pytest.mark.rule(3, "M")
def test_many_complaints_still_make_a_small_response(protobuf_door: Door) -> None:
    # How long a response would get cannot be chosen from outside: this is the most one can ask for.
    answer = protobuf_door.send(TRACES, build.partly_not_utf8(TRACES, good=1, bad=20_000))
    assert answer.verdict in {Verdict.ACCEPTED, Verdict.BAD_DATA}
    assert len(answer.body) <= 4 * _MIB


@pytest.mark.rule(4, "S")
def test_an_empty_request_is_a_success(door: Door, signal: Signal) -> None:
    answer = send(door, signal, signal.request())
    assert answer.whole


_SHELLS = (
    ExportTraceServiceRequest(resource_spans=[ResourceSpans()]),
    ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans()])]),
)


@pytest.mark.rule(4, "R")
@pytest.mark.parametrize("shell", _SHELLS, ids=["no scopes", "no spans"])
def test_an_envelope_without_records_is_a_success(door: Door, shell: Message) -> None:
    answer = send(door, TRACES, shell)
    assert answer.whole


@pytest.mark.rule(5, "M")
def test_a_full_success_leaves_partial_success_unset(door: Door, signal: Signal) -> None:
    answer = send(door, signal, build.sample(signal, "one", "two"))
    assert answer.response is not None
    assert not answer.partial


@pytest.mark.rule(6, "M")
def test_a_partial_success_counts_what_was_rejected(protobuf_door: Door, signal: Signal) -> None:
    answer = protobuf_door.send(signal, build.partly_not_utf8(signal, good=5, bad=3))
    if not answer.rejected:
        pytest.skip("this server takes or refuses requests as a whole")
    assert answer.accepted
    assert answer.response is not None
    assert getattr(answer.response.partial_success, signal.rejected) == 3


@pytest.mark.rule(6, "S")
def test_a_partial_success_says_why(protobuf_door: Door, signal: Signal) -> None:
    answer = protobuf_door.send(signal, build.partly_not_utf8(signal, good=2, bad=1))
    if not answer.rejected:
        pytest.skip("this server takes or refuses requests as a whole")
    assert answer.message


@pytest.mark.rule(7, "M")
def test_a_warning_that_rejects_nothing_has_a_message(door: Door) -> None:
    odd = build.span("odd")
    odd.end_time_unix_nano = 0
    odd.kind = Span.SpanKind.ValueType(77)
    odd.attributes.extend([build.attribute("", ""), build.attribute("", "")])
    answer = send(door, TRACES, build.traces(odd))
    assert answer.accepted
    if answer.partial == send(door, TRACES, build.traces(build.span())).partial:
        pytest.skip("this server did not warn")
    assert answer.rejected or answer.message


_UNKNOWN = (
    build.field(build.UNKNOWN_FIELD, b"from a later version")
    + build.varint(build.UNKNOWN_FIELD + 1 << 3)
    + build.varint(7)
)


def _from_a_later_version() -> tuple[Span, bytes]:
    """A span in a request with fields at every level that no receiver knows."""
    span = build.span("later")
    value = build.field(1, b"kept") + _UNKNOWN
    attribute = build.field(1, b"key") + build.field(2, value) + _UNKNOWN
    told = span.SerializeToString() + build.field(9, attribute) + _UNKNOWN
    scope_spans = build.field(2, told) + _UNKNOWN
    return span, build.field(1, build.field(2, scope_spans) + _UNKNOWN) + _UNKNOWN


@pytest.mark.rule(8, "M")
def test_unknown_protobuf_fields_are_ignored(protobuf_door: Door) -> None:
    _, payload = _from_a_later_version()
    answer = protobuf_door.send(TRACES, payload)
    assert answer.whole


@pytest.mark.rule(8, "ours")
def test_what_came_with_unknown_fields_is_stored(protobuf_door: Door, stored: Stored) -> None:
    span, payload = _from_a_later_version()
    assert protobuf_door.send(TRACES, payload).accepted
    kept = f"SELECT attributes['key'] FROM spans WHERE span_id = '{span.span_id.hex()}'"
    assert stored(kept) == [("kept",)]


def _nested(depth: int) -> AnyValue:
    value = AnyValue(string_value="leaf")
    for _ in range(depth):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    return value


_MIXED = ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value="a"), AnyValue()])
VALUES = {
    "empty": AnyValue(),
    "empty string": AnyValue(string_value=""),
    "not ascii": AnyValue(string_value="\u00e9\u4e2d\U0001f600\x00\x1b"),
    "false": AnyValue(bool_value=False),
    "smallest int": AnyValue(int_value=-(2**63)),
    "double": AnyValue(double_value=-0.0),
    "nan": AnyValue(double_value=float("nan")),
    "infinity": AnyValue(double_value=float("inf")),
    "bytes": AnyValue(bytes_value=b"\x00\xff"),
    "empty array": AnyValue(array_value=ArrayValue()),
    "mixed array": AnyValue(array_value=_MIXED),
    "map": AnyValue(kvlist_value=KeyValueList(values=[build.attribute("a", "b")])),
    "nested": _nested(12),
}


@pytest.mark.rule(8, "M")
@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_of_attribute_value_is_accepted(door: Door, signal: Signal, kind: str) -> None:
    attributes = (build.attribute("value", VALUES[kind]),)
    answer = send(door, signal, build.sample(signal, attributes=attributes))
    assert answer.whole


@pytest.mark.rule(9, "M")
def test_the_same_request_is_accepted_again(door: Door, signal: Signal) -> None:
    request = build.sample(signal)
    answers = [send(door, signal, request) for _ in range(3)]
    assert all(answer.whole for answer in answers)


@pytest.mark.rule(9, "ours")
def test_a_span_sent_again_is_stored_once(door: Door, stored: Stored) -> None:
    first, other = build.span("again"), build.span(secrets.token_hex(4))
    for request in (build.traces(first), build.traces(first), build.traces(first, other)):
        assert send(door, TRACES, request).accepted
    count = f"SELECT count(*) FROM spans WHERE span_id = '{first.span_id.hex()}'"
    assert stored(count) == [(1,)]


@pytest.mark.rule(9, "ours")
def test_what_was_accepted_is_stored(door: Door, signal: Signal, stored: Stored) -> None:
    mark = secrets.token_hex(8)
    attributes = (build.attribute("conformance.mark", mark),)
    request = build.sample(signal, "one", "two", attributes=attributes)
    assert send(door, signal, request).accepted
    table = "spans" if signal is TRACES else signal.name
    count = f"SELECT count(*) FROM {table} WHERE attributes['conformance.mark'] = '{mark}'"
    assert stored(count) == [(2,)]
