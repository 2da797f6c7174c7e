"""Times and values of `jaeger.storage.v2` as Jaeger's client sends them."""

from typing import Any

import pytest

from spanledger_exporters.viewing import jaeger_proto as proto
from spanledger_exporters.viewing.jaeger_messages import ids_of, nanoseconds, search_of
from spanledger_exporters.viewing.jaeger_search import Search

from .parts import asked, jaeger_query


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ({"seconds": -62_135_596_800}, 0),
        ({}, 0),
        ({"seconds": 1_795_000_000, "nanos": 5}, 1_795_000_000_000_000_005),
        ({"seconds": 253_402_300_799}, (1 << 63) - 1),
    ],
    ids=["year 1", "unset", "now", "year 9999"],
)
def test_times_outside_of_ours_are_no_limit(time: dict[str, int], expected: int) -> None:
    query = proto.new("TraceQueryParameters", start_time_min=time)
    assert nanoseconds(query.start_time_min) == expected


def test_a_search_of_gos_zero_values_is_a_search_for_anything() -> None:
    assert search_of(proto.new("TraceQueryParameters", **jaeger_query())) == Search(limit=100)
    assert search_of(proto.new("TraceQueryParameters")) == Search(limit=100)
    assert search_of(proto.new("TraceQueryParameters", search_depth=-1)).limit == 100


def test_attribute_values_keep_their_types_and_lists_become_text() -> None:
    sent: list[Any] = [asked("s", "x"), asked("i", 5), asked("d", 0.5), asked("b", True)]
    many = {"array_value": {"values": [{"int_value": 1}, {"string_value": "a"}]}}
    sent.append({"key": "a", "value": many})
    found = search_of(proto.new("TraceQueryParameters", attributes=sent))
    assert found.attributes == (("s", "x"), ("i", 5), ("d", 0.5), ("b", True), ("a", '[1,"a"]'))


def test_ids_are_hex_padded_and_asked_for_once() -> None:
    query = [{"trace_id": b"\1" * 16}, {"trace_id": b"\2" * 8}, {"trace_id": b"\1" * 16}]
    request = proto.new("GetTracesRequest", query=query)
    assert ids_of(request) == ["01" * 16, "00" * 8 + "02" * 8]


def test_an_unknown_field_like_the_structured_filter_is_passed_over() -> None:
    message = proto.new("TraceQueryParameters", service_name="s").SerializeToString()
    assert proto.parse("TraceQueryParameters", message + b"\x4a\x02\x08\x01").service_name == "s"


def test_fields_have_the_numbers_of_jaegers_files() -> None:
    fields = proto.new("TraceQueryParameters").DESCRIPTOR.fields
    assert [(field.number, field.name) for field in fields][-1] == (8, "search_depth")
    summary = proto.new("TraceSummary").DESCRIPTOR.fields_by_name
    assert {name: summary[name].number for name in ("orphan_span_count", "services")} == {
        "orphan_span_count": 8,
        "services": 9,
    }
    assert proto.new("SearchCapabilities").DESCRIPTOR.full_name == (
        "jaeger.storage.v2.SearchCapabilities"
    )
