"""Jaeger's v1 JSON of OTLP: the corners that the ledger of the other tests does not have."""

import json
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from spanledger_exporters.viewing import jaeger_v1

from .parts import START_NS, attributes, request, span, trace_id


def shown(*spans: Span, **source: Any) -> dict[str, Any]:
    (trace,) = jaeger_v1.traces([request(*spans, **source)])
    copied: dict[str, Any] = json.loads(json.dumps(trace, allow_nan=False))
    return copied


def tags_of(values: list[KeyValue]) -> dict[str, tuple[str, object]]:
    (made,) = shown(span(1, attributes=values))["spans"]
    return {tag["key"]: (tag["type"], tag["value"]) for tag in made["tags"]}


def test_values_have_jaegers_types_and_fit_javascript() -> None:
    nested = KeyValueList(values=attributes({"b": 1, "a": b"\x00"}))
    tags = tags_of(
        [
            *attributes({"safe": (1 << 53) - 1, "large": 1 << 53, "nan": float("nan")}),
            *attributes({"half": 0.5, "bytes": b"\x00\xff", "no": False}),
            KeyValue(key="list", value=AnyValue(array_value=ArrayValue(values=[AnyValue()]))),
            KeyValue(key="map", value=AnyValue(kvlist_value=nested)),
            KeyValue(key="none"),
        ]
    )
    assert tags["safe"] == ("int64", (1 << 53) - 1)
    assert tags["large"] == ("int64", str(1 << 53))
    assert tags["nan"] == ("string", "nan")
    assert tags["half"] == ("float64", 0.5)
    assert tags["bytes"] == ("binary", "AP8=")
    assert tags["no"] == ("bool", False)
    assert tags["list"] == ("string", "[null]")
    assert tags["map"] == ("string", '{"a":"AA==","b":1}')
    assert tags["none"] == ("string", "")


def test_links_are_references_and_one_to_the_parent_says_its_kind() -> None:
    other = Span.Link(trace_id=bytes.fromhex(trace_id(2)), span_id=(9).to_bytes(8))
    child_of = attributes({"opentracing.ref_type": "child_of"})
    third = Span.Link(trace_id=other.trace_id, span_id=(8).to_bytes(8), attributes=child_of)
    to_parent = Span.Link(trace_id=bytes.fromhex(trace_id(1)), span_id=(5).to_bytes(8))
    (made,) = shown(span(1, 6, parent=5, links=[other, third, to_parent]))["spans"]
    references = [
        (ref["refType"], ref["traceID"][-1], ref["spanID"][-1]) for ref in made["references"]
    ]
    assert references == [
        ("FOLLOWS_FROM", "1", "5"),
        ("FOLLOWS_FROM", "2", "9"),
        ("CHILD_OF", "2", "8"),
    ]


def test_events_are_logs_that_are_named_once() -> None:
    events = [
        Span.Event(time_unix_nano=START_NS, name="said", attributes=attributes({"n": 1})),
        Span.Event(name="said", attributes=attributes({"event": "own"})),
        Span.Event(),
    ]
    (made,) = shown(span(1, events=events))["spans"]
    fields = [[(field["key"], field["value"]) for field in log["fields"]] for log in made["logs"]]
    assert fields == [[("event", "said"), ("n", 1)], [("event", "own")], []]
    assert made["logs"][0]["timestamp"] == START_NS // 1000


def test_a_span_that_ends_before_it_starts_takes_no_time() -> None:
    (made,) = shown(span(1, ms=-5))["spans"]
    assert made["duration"] == 0


def test_a_resource_without_a_service_has_jaegers_name_for_it() -> None:
    names = [p["serviceName"] for p in shown(span(1), service=None)["processes"].values()]
    assert names == ["OTLPResourceNoServiceName"]


def test_chunks_of_one_trace_are_one_trace() -> None:
    traces = jaeger_v1.traces([request(span(1, 1)), request(span(1, 2)), request(span(2, 1))])
    spans: list[Any] = [trace["spans"] for trace in traces]
    assert [len(each) for each in spans] == [2, 1]
    assert traces[0]["processes"] == {"p1": {"serviceName": "shop", "tags": []}}


def test_ids_are_shortened_as_jaeger_does() -> None:
    long = Span(trace_id=b"\xab" * 16, span_id=(1).to_bytes(8))
    assert shown(long)["traceID"] == "ab" * 16
    assert shown(span(1))["traceID"] == "0" * 15 + "1"
