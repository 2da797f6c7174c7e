"""Rows turn back into exactly the OTLP records they were made of."""

import gzip
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from spanledger_exporters import columns
from spanledger_exporters.decoding import requests as decoding
from spanledger_exporters.decoding.rows import stamp
from spanledger_exporters.decoding.wire import WIRES
from spanledger_exporters.reading.ledger import Result
from spanledger_exporters.reading.otlp import requests

CAPTURES = Path(__file__).parents[4] / "shared" / "captures"
SIGNALS = {"traces": "spans", "logs": "logs", "metrics": "metrics"}
U64 = 2**64 - 1


def through_arrow(signal: str, payloads: list[bytes], _folder: Path) -> Result:
    rows, _ = decoding.decode(signal, payloads)
    return Result(stamp(rows, 1, "w", 0).table)


def through_journal(signal: str, payloads: list[bytes], folder: Path) -> Result:
    rows, _ = decoding.decode(signal, payloads)
    (folder / "lines.jsonl").write_bytes(stamp(rows, 1, "w", 0).lines)
    with duckdb.connect() as db:
        answer = db.sql(
            f"FROM read_json('{folder}/lines.jsonl', format='newline_delimited',"
            f" columns={columns.sql_columns(signal)}, maximum_object_size=67108864)"
        )
        return Result(answer.to_arrow_table())


WAYS = pytest.mark.parametrize("way", [through_arrow, through_journal])


def records(signal: str, messages: list[Any]) -> Counter[tuple[bytes, ...]]:
    """Every record with its resource and scope, serialized; grouping forgotten."""
    wire = WIRES[signal]
    found: Counter[tuple[bytes, ...]] = Counter()
    for message in messages:
        for of_resource in getattr(message, wire.resources):
            for of_scope in getattr(of_resource, wire.scopes):
                source = (
                    alone(of_resource, wire.scopes),
                    alone(of_scope, wire.records),
                )
                for record in getattr(of_scope, wire.records):
                    found.update((*source, one) for one in split(record))
    return found


def alone(level: Any, children: str) -> bytes:
    copy = type(level)()
    copy.CopyFrom(level)
    copy.ClearField(children)
    return bytes(copy.SerializeToString(deterministic=True))


def split(record: Any) -> Iterator[bytes]:
    kind = record.WhichOneof("data") if "data" in record.DESCRIPTOR.oneofs_by_name else None
    if kind is None:
        yield record.SerializeToString(deterministic=True)
        return
    for point in getattr(record, kind).data_points:
        one = type(record)()
        one.CopyFrom(record)
        del getattr(one, kind).data_points[:]
        getattr(one, kind).data_points.append(point)
        yield one.SerializeToString(deterministic=True)


def check(way: Any, signal: str, payloads: list[bytes], folder: Path) -> list[Message]:
    sent = [WIRES[signal].request.FromString(payload) for payload in payloads]
    made = list(requests(signal, way(signal, payloads, folder).rows()))
    assert records(signal, made) == records(signal, sent)
    return made


def framed(path: Path) -> list[bytes]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return found


@WAYS
@pytest.mark.skipif(not CAPTURES.is_dir(), reason="the captures are not here")
def test_every_record_of_every_capture_comes_back_bit_for_bit(way: Any, tmp_path: Path) -> None:
    for path in sorted(CAPTURES.rglob("*.pb*")):
        signal = SIGNALS[path.name.split(".")[1]]
        check(way, signal, framed(path), tmp_path)


def any_values() -> list[AnyValue]:
    nested = AnyValue()
    nested.kvlist_value.values.add(key="b").value.bytes_value = b"\x00\xff"
    nested.kvlist_value.values.add(key="d").value.double_value = math.inf
    nested.kvlist_value.values.add(key="").value.array_value.values.add().int_value = -1
    nested.kvlist_value.values.add(key="n").value.SetInParent()
    empty_list, empty_map = AnyValue(), AnyValue()
    empty_list.array_value.SetInParent()
    empty_map.kvlist_value.SetInParent()
    return [
        AnyValue(string_value=""),
        AnyValue(string_value='"quoted"\n\x00\u2028'),
        AnyValue(string_value="5"),
        AnyValue(int_value=-(2**63)),
        AnyValue(int_value=2**63 - 1),
        AnyValue(double_value=5.0),
        AnyValue(double_value=-0.0),
        AnyValue(double_value=1e300),
        AnyValue(double_value=0.1 + 0.2),
        AnyValue(double_value=5e-324),
        AnyValue(double_value=math.nan),
        AnyValue(double_value=-math.inf),
        AnyValue(bool_value=False),
        AnyValue(bytes_value=b""),
        AnyValue(),
        nested,
        empty_list,
        empty_map,
    ]


def all_attributes() -> list[KeyValue]:
    return [KeyValue(key=f"k{n}", value=value) for n, value in enumerate(any_values())]


@WAYS
def test_a_span_with_every_field_comes_back(way: Any, tmp_path: Path) -> None:
    request = ExportTraceServiceRequest()
    resources = request.resource_spans.add(schema_url="r")
    resources.resource.attributes.extend(all_attributes())
    resources.resource.dropped_attributes_count = 3
    resources.resource.entity_refs.add(type="service", id_keys=["k0"], description_keys=["k1"])
    scopes = resources.scope_spans.add(schema_url="s")
    scopes.scope.name, scopes.scope.version = "n", "v"
    scopes.scope.dropped_attributes_count = 4
    scopes.scope.attributes.extend(all_attributes())
    span = scopes.spans.add(
        trace_id=b"t" * 16,
        span_id=b"s" * 8,
        parent_span_id=b"p" * 8,
        trace_state="a=b",
        flags=2**32 - 1,
        name="n",
        kind=3,
        start_time_unix_nano=U64,
        end_time_unix_nano=1,
        attributes=all_attributes(),
        dropped_attributes_count=1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    span.status.message = "no"
    span.status.code = Status.STATUS_CODE_ERROR
    span.events.add(
        time_unix_nano=U64, name="e", attributes=all_attributes(), dropped_attributes_count=1
    )
    span.events.add()
    span.links.add(
        trace_id=b"l" * 16,
        span_id=b"m" * 8,
        trace_state="c=d",
        attributes=all_attributes(),
        dropped_attributes_count=1,
        flags=257,
    )
    check(way, "spans", [request.SerializeToString()], tmp_path)


@WAYS
def test_a_bare_span_comes_back_bare(way: Any, tmp_path: Path) -> None:
    """Absent and empty messages stay what they are: resource, scope, status."""
    request = ExportTraceServiceRequest()
    bare = request.resource_spans.add().scope_spans.add().spans.add()
    bare.trace_id, bare.span_id = b"t" * 16, b"a" * 8
    resources = request.resource_spans.add()
    resources.resource.SetInParent()
    scopes = resources.scope_spans.add()
    scopes.scope.SetInParent()
    empty = scopes.spans.add(trace_id=b"t" * 16, span_id=b"b" * 8)
    empty.status.SetInParent()
    check(way, "spans", [request.SerializeToString()], tmp_path)


@WAYS
def test_a_log_with_every_field_and_every_kind_of_body_comes_back(way: Any, tmp_path: Path) -> None:
    request = ExportLogsServiceRequest()
    scopes = request.resource_logs.add().scope_logs.add()
    for body in any_values():
        scopes.log_records.add(
            time_unix_nano=1,
            observed_time_unix_nano=U64,
            severity_number=9,
            severity_text="INFO",
            body=body,
            attributes=all_attributes(),
            dropped_attributes_count=1,
            flags=1,
            trace_id=b"t" * 16,
            span_id=b"s" * 8,
            event_name="event src/x.rs:1",
        )
    scopes.log_records.add()
    check(way, "logs", [request.SerializeToString()], tmp_path)


@WAYS
def test_every_kind_of_metric_comes_back(way: Any, tmp_path: Path) -> None:
    request = ExportMetricsServiceRequest()
    scopes = request.resource_metrics.add().scope_metrics.add()
    gauge = scopes.metrics.add(name="g", description="d", unit="u", metadata=all_attributes())
    gauge.gauge.data_points.add(as_int=-5, time_unix_nano=1, flags=1, attributes=all_attributes())
    gauge.gauge.data_points.add(as_double=math.nan).exemplars.add(
        time_unix_nano=2,
        as_double=math.inf,
        span_id=b"s" * 8,
        trace_id=b"t" * 16,
        filtered_attributes=all_attributes(),
    )
    total = scopes.metrics.add(name="s").sum
    total.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    total.is_monotonic = True
    total.data_points.add(start_time_unix_nano=1, time_unix_nano=U64)
    histogram = scopes.metrics.add(name="h").histogram
    histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    histogram.data_points.add(
        count=U64, sum=0.0, min=-1.0, max=1.0, bucket_counts=[1, U64], explicit_bounds=[0.5]
    )
    histogram.data_points.add(count=0)
    exponential = scopes.metrics.add(name="e").exponential_histogram
    point = exponential.data_points.add(scale=-2, zero_count=3, zero_threshold=0.25, count=6)
    point.positive.offset = -1
    point.positive.bucket_counts.extend([0, 3])
    point.negative.SetInParent()
    summary = scopes.metrics.add(name="q").summary
    summary.data_points.add(count=2, sum=3.0).quantile_values.add(quantile=0.5, value=1.5)
    check(way, "metrics", [request.SerializeToString()], tmp_path)


@WAYS
def test_a_record_the_columns_cannot_hold_comes_back_from_its_own_request(
    way: Any, tmp_path: Path
) -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    twice = [KeyValue(key="k", value=AnyValue(int_value=n)) for n in (1, 2)]
    spans.add(trace_id=b"t" * 16, span_id=b"a" * 8, attributes=twice)
    spans.add(trace_id=b"t" * 16, span_id=b"b" * 8)
    check(way, "spans", [request.SerializeToString()], tmp_path)


def test_a_metric_kept_whole_comes_back_once_however_many_points_it_has(tmp_path: Path) -> None:
    request = ExportMetricsServiceRequest()
    gauge = request.resource_metrics.add().scope_metrics.add().metrics.add(name="g").gauge
    twice = [KeyValue(key="k", value=AnyValue(int_value=n)) for n in (1, 2)]
    for _ in range(3):
        gauge.data_points.add(as_int=1, attributes=twice)
    check(through_arrow, "metrics", [request.SerializeToString()] * 2, tmp_path)


def test_records_of_equal_source_share_one_request_up_to_the_limit() -> None:
    request = ExportTraceServiceRequest()
    for n in range(25):
        resources = request.resource_spans.add()
        resources.resource.attributes.add(key="a").value.string_value = str(n % 2)
        resources.scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=bytes([n]) * 7 + b"x")
    rows = through_arrow("spans", [request.SerializeToString()], Path()).rows()
    made = [
        ExportTraceServiceRequest.FromString(m.SerializeToString())
        for m in requests("spans", rows, most=10)
    ]
    assert [len(m.resource_spans) for m in made] == [2, 2, 2]
    assert [sum(len(r.scope_spans[0].spans) for r in m.resource_spans) for m in made] == [10, 10, 5]
