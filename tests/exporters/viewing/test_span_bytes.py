"""Bytes written by kernels say what message objects made of the same rows say."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    EntityRef,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from spanledger_exporters.decoding.requests import decode
from spanledger_exporters.decoding.rows import stamp
from spanledger_exporters.reading import otlp
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.viewing import span_bytes

from .parts import attributes, event, fill, link, span, spans_of

NESTED = AnyValue(
    kvlist_value=KeyValueList(
        values=[
            KeyValue(key="deep", value=AnyValue(array_value=ArrayValue(values=[AnyValue()]))),
            KeyValue(key="half", value=AnyValue(double_value=0.5)),
        ]
    )
)
VALUES = [
    AnyValue(string_value=""),
    AnyValue(string_value="é \x00 \U0001f600"),
    AnyValue(bool_value=False),
    AnyValue(int_value=-1),
    AnyValue(int_value=-(1 << 63)),
    AnyValue(int_value=(1 << 63) - 1),
    AnyValue(double_value=5.0),
    AnyValue(double_value=1e300),
    AnyValue(double_value=-0.0),
    AnyValue(double_value=math.inf),
    AnyValue(bytes_value=b"\x00\xff"),
    AnyValue(array_value=ArrayValue()),
    NESTED,
    AnyValue(),
]


def odd_request() -> bytes:
    """Every field of a span, a resource and a scope, and values of every kind."""
    made = ExportTraceServiceRequest()
    bare = made.resource_spans.add().scope_spans.add()
    bare.spans.append(span(1, 1, ""))
    resources = made.resource_spans.add(schema_url="https://example.test/resource")
    resources.resource.attributes.extend(attributes({"service.name": "odd", "ratio": 0.5}))
    resources.resource.dropped_attributes_count = 3
    resources.resource.entity_refs.append(EntityRef(type="host", id_keys=["host.id"]))
    scopes = resources.scope_spans.add(schema_url="https://example.test/scope")
    scopes.scope.name, scopes.scope.version = "lib", "1"
    scopes.scope.attributes.extend(attributes({"a": True}))
    scopes.scope.dropped_attributes_count = 4
    for number, value in enumerate(VALUES, 2):
        pairs = [KeyValue(key="value", value=value), KeyValue(key="nothing"), *attributes({"z": 1})]
        scopes.spans.append(span(1, number, at_ms=number, attributes=pairs))
    scopes.spans.append(full_span())
    # A key twice and a name from the future: kept as whole requests.
    twice = [*attributes({"k": "1"}), *attributes({"k": "2"})]
    scopes.spans.append(span(1, 90, attributes=twice))
    future = span(1, 91).SerializeToString() + b"\xc2\x3e\x02hi"
    scopes.spans.append(Span.FromString(future))
    return made.SerializeToString()


def full_span() -> Span:
    noted, linked = event({"n": 1}), link({"l": b"\x01"})
    noted.dropped_attributes_count = 5
    linked.trace_state, linked.flags, linked.dropped_attributes_count = "a=1", 0x301, 6
    return span(
        1,
        80,
        parent=1,
        trace_state="k=v",
        kind=Span.SPAN_KIND_CONSUMER,
        flags=0xFFFFFFFF,
        status=Status(code=Status.STATUS_CODE_ERROR, message="no"),
        attributes=attributes({"plain": "text"}),
        events=[noted, Span.Event()],
        links=[linked, Span.Link()],
        dropped_attributes_count=7,
        dropped_events_count=8,
        dropped_links_count=9,
    )


def flat(messages: Iterable[bytes]) -> list[tuple[bytes, ...]]:
    """Each span with where it came from, in an order of its own."""
    return sorted(
        (
            resource.resource.SerializeToString(deterministic=True),
            resource.schema_url.encode(),
            scope.scope.SerializeToString(deterministic=True),
            scope.schema_url.encode(),
            each.SerializeToString(deterministic=True),
        )
        for message in messages
        for resource in TracesData.FromString(message).resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    )


def by_messages(table: pa.Table) -> list[bytes]:
    rows = [
        {name: dict(v) if isinstance(v, list) and name in MAPS else v for name, v in row.items()}
        for row in table.to_pylist()
    ]
    return [made.SerializeToString() for made in otlp.requests("spans", map(inner, rows))]


MAPS = ("attributes", "resource", "scope_attributes")


def inner(row: dict[str, Any]) -> dict[str, Any]:
    """Arrow gives the maps in structs as pairs."""
    for name in ("events", "links"):
        for item in row[name] or ():
            if item["attributes"] is not None:
                item["attributes"] = dict(item["attributes"])
    return row


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    ledger = Ledger(fill(tmp_path_factory.mktemp("odd"), [odd_request()]))
    return ledger.sql("SELECT * FROM spans ORDER BY start_ns").arrow()


def test_every_field_and_every_kind_of_value_comes_back(odd: pa.Table) -> None:
    written = list(span_bytes.chunks(odd))
    assert flat(written) == flat(by_messages(odd))
    assert flat(written) == flat([odd_request()])


def test_what_stays_as_it_came_is_among_them(odd: pa.Table) -> None:
    whole = [row for row in odd.column("wire").to_pylist() if row is not None]
    assert len(whole) == 2
    numbers = {int.from_bytes(each.span_id) for each in spans_of(span_bytes.chunks(odd))}
    assert {90, 91} <= numbers


def test_the_whole_ledger_is_written_alike(data: Path) -> None:
    table = Ledger(data).sql("SELECT * FROM spans ORDER BY trace_id, start_ns").arrow()
    assert flat(span_bytes.chunks(table)) == flat(by_messages(table))


TEXTS = st.text(max_size=5)
ANY = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    # The journal has one NaN; which of its many bit patterns was sent is lost.
    st.floats(allow_nan=False) | st.just(math.nan),
    st.binary(max_size=4),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(TEXTS, ANY, max_size=4), min_size=1, max_size=4))
def test_any_attributes_are_written_alike(each: list[dict[str, Any]]) -> None:
    made = ExportTraceServiceRequest()
    scopes = made.resource_spans.add().scope_spans.add()
    for number, values in enumerate(each, 1):
        scopes.spans.append(span(1, number, attributes=attributes(values)))
    payload = made.SerializeToString()
    table = rows_of(payload)
    assert flat(span_bytes.chunks(table)) == flat([payload])


def rows_of(payload: bytes) -> pa.Table:
    """What the journal would have of a request."""
    rows, _ = decode("spans", [payload])
    return stamp(rows, 0, "writer", 0).table


def test_no_rows_are_no_chunks(odd: pa.Table) -> None:
    assert list(span_bytes.chunks(odd.slice(0, 0))) == []
