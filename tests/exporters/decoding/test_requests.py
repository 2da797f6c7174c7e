"""Decoding loses nothing, isolates what is bad, and two implementations agree."""

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from spanledger_exporters.decoding import careful, logs, plain, plain_rows, requests, spans
from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.decoding.rows import FewRows, Rows, stamp
from spanledger_exporters.decoding.wire import WIRES
from spanledger_exporters.errors import BadRequestError
from spanledger_exporters.reading.ledger import Result
from spanledger_exporters.reading.otlp import requests as encoded
from strategies import requests as any_request

ARROW = {"spans": spans.decode, "logs": logs.decode}
MANY = 2_000
"""Spans that are not decoded in plain Python any more, without an attribute each."""
PLAIN = {"spans": plain_rows.of_span, "logs": plain_rows.of_log}


def records(signal: str, messages: Sequence[Any]) -> Counter[tuple[bytes, ...]]:
    """Each record with its resource and scope, grouping forgotten."""
    wire = WIRES[signal]
    return Counter(
        (
            of_resource.resource.SerializeToString() if of_resource.HasField("resource") else b"-",
            of_resource.schema_url.encode(),
            of_scope.scope.SerializeToString() if of_scope.HasField("scope") else b"-",
            of_scope.schema_url.encode(),
            record.SerializeToString(),
        )
        for message in messages
        for of_resource in getattr(message, wire.resources)
        for of_scope in getattr(of_resource, wire.scopes)
        for record in getattr(of_scope, wire.records)
    )


def with_ids(request: Any) -> Any:
    """A trace request in which every span has ids of its own."""
    for resources in request.resource_spans:
        for scopes in resources.scope_spans:
            for span in scopes.spans:
                span.trace_id, span.span_id = os.urandom(16), os.urandom(8)
    return request


def drawn(signal: str, data: st.DataObject) -> Any:
    request = data.draw(any_request(signal))
    return with_ids(request) if signal == "spans" else request


@pytest.mark.parametrize("signal", ["spans", "logs"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_request_comes_back_field_by_field(signal: str, data: st.DataObject) -> None:
    sent = [drawn(signal, data) for _ in range(2)]
    rows, outcomes = requests.decode(signal, [message.SerializeToString() for message in sent])
    assert outcomes == [[], []]
    back = list(encoded(signal, Result(stamp(rows, 1, "w", 0).table).rows()))
    assert records(signal, back) == records(signal, sent)


@pytest.mark.parametrize("signal", ["spans", "logs"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_both_decoders_give_the_same_rows_and_lines(signal: str, data: st.DataObject) -> None:
    payload = drawn(signal, data).SerializeToString()
    rows, _ = requests.decode(signal, [payload])
    if not rows.count or rows.count != careful.count(signal, payload):
        return
    if any(table(rows).column("wire").to_pylist()):
        return
    by_kernels = ARROW[signal]([payload])
    by_python = plain.decode(signal, PLAIN[signal], [payload], None)
    # As text, in which NaN equals NaN.
    assert repr(table(by_kernels).to_pylist()) == repr(table(by_python).to_pylist())
    assert bytes(stamp(by_kernels, 1, "w", 0).lines) == stamp(by_python, 1, "w", 0).lines


def table(rows: Rows | FewRows) -> pa.Table:
    return stamp(rows, 1, "w", 0).table


def span(name: str = "s", **fields: Any) -> Span:
    ids = {"trace_id": os.urandom(16), "span_id": os.urandom(8)}
    return Span(**(ids | {"name": name} | fields))


def request(*found: Span) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.extend(found)
    return message


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(number: int) -> bytes:
    head = b""
    while number > 0x7F:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def nested_arrays(depth: int) -> bytes:
    """A serialized AnyValue: a list in a list in a list."""
    value = field(1, b"bottom")
    for _ in range(depth):
        value = field(5, field(1, value))
    return value


def decode(*payloads: bytes) -> tuple[Rows, list[list[Reject]]]:
    rows, outcomes = requests.decode("spans", payloads)
    rejects = [one for one in outcomes if not isinstance(one, BadRequestError)]
    assert len(rejects) == len(payloads)
    return (rows.as_columns() if isinstance(rows, FewRows) else rows), rejects


def test_many_spans_are_decoded_by_kernels_and_few_are_not() -> None:
    few, many = (request(*(span() for _ in range(n))).SerializeToString() for n in (3, MANY))
    assert isinstance(requests.decode("spans", [few])[0], FewRows)
    assert isinstance(requests.decode("spans", [many])[0], Rows)


@pytest.mark.parametrize("good", [3, MANY])
def test_one_bad_span_costs_itself(good: int) -> None:
    bad = span(trace_id=b"short")
    rows, (rejects,) = decode(request(*(span() for _ in range(good)), bad).SerializeToString())
    assert rows.count == good
    assert [(r.raw, r.reason) for r in rejects] == [
        (bad.SerializeToString(), "trace_id has 5 bytes, not 16")
    ]


@pytest.mark.parametrize("good", [3, MANY])
def test_a_span_that_is_not_utf8_costs_itself(good: int) -> None:
    payload = request(*(span() for _ in range(good)), span("QQQQ")).SerializeToString()
    rows, (rejects,) = decode(payload.replace(b"QQQQ", b"\xff\xfe\xff\xff"))
    assert rows.count == good
    assert "UTF-8" in rejects[0].reason


def test_a_span_nested_deeper_than_protobuf_reads_costs_itself() -> None:
    pair = field(1, b"key") + field(2, nested_arrays(60))
    deep = span().SerializeToString() + field(9, pair)
    scope = field(2, span().SerializeToString()) + field(2, deep)
    rows, (rejects,) = decode(field(1, field(2, scope)))
    assert (rows.count, [r.raw for r in rejects]) == (1, [deep])


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        ({"trace_id": b""}, "trace_id has 0 bytes, not 16"),
        ({"trace_id": bytes(16)}, "trace_id is all zeros"),
        ({"span_id": bytes(8)}, "span_id is all zeros"),
        ({"span_id": b"123"}, "span_id has 3 bytes, not 8"),
        ({"parent_span_id": b"123"}, "parent_span_id has 3 bytes, not 8"),
        ({"links": [{"trace_id": b"1"}]}, "link.trace_id has 1 bytes, not 16"),
    ],
)
@pytest.mark.parametrize("good", [1, MANY])
def test_impossible_ids_are_refused_with_their_reason(
    ids: dict[str, Any], reason: str, good: int
) -> None:
    payload = request(span(**ids), *(span() for _ in range(good))).SerializeToString()
    rows, (rejects,) = decode(payload)
    assert rows.count == good
    assert [reject.reason for reject in rejects] == [reason]


@pytest.mark.parametrize("good", [1, MANY])
def test_of_a_repeated_key_the_last_value_counts_and_the_whole_is_kept(good: int) -> None:
    twice = [KeyValue(key="k", value=AnyValue(int_value=n)) for n in (1, 2)]
    sent = request(span(attributes=twice), *(span() for _ in range(good)))
    rows, _ = decode(sent.SerializeToString())
    found = Result(stamp(rows, 1, "w", 0).table).rows()
    (kept,) = [row for row in found if row["wire"] is not None]
    assert kept["attributes"] == {"k": "2"}
    assert records("spans", list(encoded("spans", found))) == records("spans", [sent])


FUTURE = b"\xa2\x06\x03new"
NESTED = {
    "list": field(5, field(1, field(1, b"in it") + FUTURE)),
    "object": field(6, field(1, field(1, b"key") + FUTURE)),
}


@pytest.mark.parametrize("good", [1, MANY])
@pytest.mark.parametrize(
    "record",
    [FUTURE, *(field(9, field(1, b"key") + field(2, value)) for value in NESTED.values())],
    ids=["a span", *NESTED],
)
def test_a_field_from_the_future_is_kept_whole(record: bytes, good: int) -> None:
    odd = Span.FromString(span().SerializeToString() + record)
    rows, (rejects,) = decode(request(odd, *(span() for _ in range(good))).SerializeToString())
    assert (rows.count, rejects) == (good + 1, [])
    found = Result(stamp(rows, 1, "w", 0).table).rows()
    assert [row["wire"] is None for row in found].count(False) == 1
    back = next(iter(encoded("spans", found)))
    assert b"new" in back.SerializeToString()


@pytest.mark.parametrize("good", [1, MANY])
@pytest.mark.parametrize("cut", [field(5, b"\x0a\x7fcut"), field(6, b"\x0a\x7fcut")])
def test_a_value_that_is_cut_inside_costs_its_span(cut: bytes, good: int) -> None:
    bad = span().SerializeToString() + field(9, field(1, b"key") + field(2, cut))
    spans = b"".join(field(2, one) for one in [span().SerializeToString()] * good + [bad])
    rows, (rejects,) = decode(field(1, field(2, spans)))
    assert (rows.count, [reject.raw for reject in rejects]) == (good, [bad])


@pytest.mark.parametrize("good", [1, MANY])
def test_defaults_that_are_written_out_are_no_news(good: int) -> None:
    wordy = span().SerializeToString() + b"\x50\x00\x60\x00"
    spans = b"".join(field(2, wordy) for _ in range(good))
    rows, (rejects,) = decode(field(1, field(2, spans)))
    assert (rows.count, rejects) == (good, [])
    assert "wire" not in rows.columns or not rows.columns["wire"].drop_null()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_of_a_changed_request_nothing_is_lost_silently(data: st.DataObject) -> None:
    """Whatever protobuf's own parser makes of it is there, or dead letters say what is not."""
    sent = bytearray(BIG)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(sent) - 1))
        sent[place] = data.draw(st.integers(0, 255))
    rows, (outcome,) = requests.decode("spans", [bytes(sent)])
    if outcome == []:
        back = list(encoded("spans", Result(table(rows)).rows()))
        parsed = ExportTraceServiceRequest.FromString(bytes(sent))
        assert records("spans", back) == records("spans", [parsed])
    else:
        assert isinstance(outcome, BadRequestError) or all(reject.raw for reject in outcome)


BIG = request(
    *(
        span(
            "a step",
            attributes=[
                KeyValue(key="text", value=AnyValue(string_value="x" * 150)),
                KeyValue(key="number", value=AnyValue(int_value=300)),
                KeyValue(key="list", value=AnyValue.FromString(field(5, field(1, b"\x10\x01")))),
            ],
            events=[Span.Event(name="told", time_unix_nano=5)],
            status=Status(code=Status.STATUS_CODE_ERROR, message="it failed"),
        )
        for _ in range(300)
    )
).SerializeToString()


@pytest.mark.parametrize("good", [1, MANY])
def test_a_bad_request_does_not_keep_its_neighbours_from_being_decoded(good: int) -> None:
    neighbour = request(*(span() for _ in range(good))).SerializeToString()
    rows, outcomes = requests.decode("spans", [neighbour, b"\x00\x01not protobuf", neighbour])
    assert rows.count == 2 * good
    assert [type(outcome) for outcome in outcomes] == [list, BadRequestError, list]


@pytest.mark.parametrize("copies", [1, MANY])
def test_times_beyond_63_bits_keep_their_bits(copies: int) -> None:
    last = 2**64 - 1
    sent = request(*(span(end_time_unix_nano=last) for _ in range(copies)))
    rows, _ = decode(sent.SerializeToString())
    assert set(rows.columns["end_ns"].to_pylist()) == {-1}
    back = list(encoded("spans", Result(stamp(rows, 1, "w", 0).table).rows()))
    assert records("spans", back) == records("spans", [sent])


def test_a_hundred_thousand_attributes_on_a_span_are_kept() -> None:
    many = [KeyValue(key=f"k{n}", value=AnyValue(int_value=n)) for n in range(100_000)]
    rows, _ = decode(request(span(attributes=many)).SerializeToString())
    assert len(rows.columns["attributes"][0].as_py()) == 100_000


def test_promoted_columns_take_the_first_alias_and_the_right_type() -> None:
    attributes = [
        KeyValue(key="gen_ai.usage.prompt_tokens", value=AnyValue(int_value=3)),
        KeyValue(key="gen_ai.usage.input_tokens", value=AnyValue(string_value=" 5 ")),
        KeyValue(key="gen_ai.usage.output_tokens", value=AnyValue(string_value="many")),
        KeyValue(key="cost_usd", value=AnyValue(string_value="0.25")),
        KeyValue(key="gen_ai.tool.name", value=AnyValue(string_value="read_file")),
        KeyValue(key="input.value", value=AnyValue(string_value="[]")),
    ]
    for copies in (1, MANY):
        sent = request(*(span(attributes=attributes) for _ in range(copies)))
        row = decode(sent.SerializeToString())[0].columns
        assert row["input_tokens"][0].as_py() == 5
        assert "output_tokens" not in row or row["output_tokens"][0].as_py() is None
        assert row["cost_usd"][0].as_py() == 0.25
        assert "plan_document" not in row or row["plan_document"][0].as_py() is None


def test_the_id_of_one_answer_is_no_session() -> None:
    for copies in (1, MANY):
        for named, kept in (("resp_0a1", None), ("conv_0a1", "conv_0a1")):
            key = KeyValue(key="gen_ai.conversation.id", value=AnyValue(string_value=named))
            sent = request(*(span(attributes=[key]) for _ in range(copies)))
            row = decode(sent.SerializeToString())[0].columns
            assert (row["session_id"][0].as_py() if "session_id" in row else None) == kept


def test_a_planning_call_brings_its_document() -> None:
    attributes = [
        KeyValue(key="gen_ai.tool.name", value=AnyValue(string_value="write_todos")),
        KeyValue(key="input.value", value=AnyValue(string_value='{"todos":[]}')),
    ]
    for copies in (1, MANY):
        sent = request(*(span(attributes=attributes) for _ in range(copies)))
        row = decode(sent.SerializeToString())[0].columns
        assert row["plan_document"][0].as_py() == '{"todos":[]}'
