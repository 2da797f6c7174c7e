"""Turn rows of `spans`, `logs` and `metrics` back into the OTLP messages they came from.

Every field comes back as it was sent; only the grouping into requests is new: records of equal
resource and scope share one, data points of equal metric share one.
"""

import base64
import json
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.common.v1.common_pb2 import EntityRef, InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from spanledger_exporters.decoding.wire import WIRES, Wire
from spanledger_exporters.reading.values import U64, Row, attributes, restore, same, scalars


def requests(signal: str, rows: Iterable[Row], most: int = 1000) -> Iterator[Message]:
    """Export requests with all of the rows, each of at most `most` records."""
    copies: Counter[str] = Counter()
    open_request = _Request(signal)
    for row in rows:
        if row["wire"] is None:
            open_request.add(row)
        else:
            open_request.add_whole(row["wire"], copies)
        if open_request.records >= most:
            yield open_request.message
            open_request = _Request(signal)
    if open_request.records:
        yield open_request.message


class _Request:
    """One export request being filled."""

    def __init__(self, signal: str) -> None:
        self._wire: Wire = WIRES[signal]
        self._add = _ADD[signal]
        self._groups: dict[Hashable, Any] = {}
        self.message: Message = self._wire.request()
        self.records = 0

    def add(self, row: Row) -> None:
        self.records += 1
        self._add(self._scope_for(row), row, self._groups)

    def add_whole(self, wire: str, copies: Counter[str]) -> None:
        """Add a record that the columns could not hold exactly, from its own request.

        A metric of n points is n rows with the same request: every n-th of them counts.
        """
        self.records += 1
        payload = base64.b64decode(wire)
        if copies[wire] % max(1, _points(self._wire, payload)) == 0:
            self.message.MergeFromString(payload)
        copies[wire] += 1

    def _scope_for(self, row: Row) -> Any:
        of_resource = _key(row, _RESOURCE)
        of_scope = (of_resource, _key(row, _SCOPE))
        if of_scope not in self._groups:
            if of_resource not in self._groups:
                resources = getattr(self.message, self._wire.resources).add()
                _fill_resource(resources, row)
                self._groups[of_resource] = resources
            scope = getattr(self._groups[of_resource], self._wire.scopes).add()
            _fill_scope(scope, row)
            self._groups[of_scope] = scope
        return self._groups[of_scope]


def _points(wire: Wire, payload: bytes) -> int:
    """How many rows the one record of the request is: 1, or its data points."""
    if wire.record is not Metric:
        return 1
    request = ExportMetricsServiceRequest.FromString(payload)
    metric = request.resource_metrics[0].scope_metrics[0].metrics[0]
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 1


_RESOURCE: Final = (
    "resource",
    "resource_types",
    "resource_dropped_attributes_count",
    "resource_entity_refs",
    "resource_schema_url",
)
_SCOPE: Final = (
    "scope_name",
    "scope_version",
    "scope_attributes",
    "scope_attribute_types",
    "scope_dropped_attributes_count",
    "scope_schema_url",
)
_METRIC: Final = (
    "name",
    "description",
    "unit",
    "metadata",
    "metadata_types",
    "type",
    "aggregation_temporality",
    "is_monotonic",
)


def _key(row: Row, names: Iterable[str]) -> Hashable:
    """What makes two records' sources one: equal columns, the attributes' order included."""
    return tuple(
        tuple(row[name].items()) if isinstance(row[name], dict) else row[name] for name in names
    )


def _fill_resource(resources: Any, row: Row) -> None:
    if row["resource"] is not None:
        resource: Resource = resources.resource
        resource.SetInParent()
        attributes(resource.attributes, row["resource"], row["resource_types"])
        resource.dropped_attributes_count = row["resource_dropped_attributes_count"] or 0
        for reference in json.loads(row["resource_entity_refs"] or "[]"):
            resource.entity_refs.append(EntityRef(**reference))
    resources.schema_url = row["resource_schema_url"] or ""


def _fill_scope(scopes: Any, row: Row) -> None:
    if row["scope_name"] is not None:
        scope: InstrumentationScope = scopes.scope
        scope.SetInParent()
        scope.name = row["scope_name"]
        scope.version = row["scope_version"] or ""
        attributes(scope.attributes, row["scope_attributes"], row["scope_attribute_types"])
        scope.dropped_attributes_count = row["scope_dropped_attributes_count"] or 0
    scopes.schema_url = row["scope_schema_url"] or ""


def _add_span(scope: Any, row: Row, _groups: dict[Hashable, Any]) -> None:
    span: Span = scope.spans.add()
    scalars(span, row, _SPAN_SCALARS)
    if row["status_code"] is not None:
        span.status.SetInParent()
        span.status.code = row["status_code"]
        span.status.message = row["status_message"] or ""
    attributes(span.attributes, row["attributes"], row["attribute_types"])
    for event in row["events"] or ():
        _fill_event(span.events.add(), event)
    for link in row["links"] or ():
        _fill_link(span.links.add(), link)


def _fill_event(event: Span.Event, row: Row) -> None:
    scalars(event, row, _EVENT_SCALARS)
    attributes(event.attributes, row["attributes"], row["attribute_types"])


def _fill_link(link: Span.Link, row: Row) -> None:
    scalars(link, row, _LINK_SCALARS)
    attributes(link.attributes, row["attributes"], row["attribute_types"])


def _add_log(scope: Any, row: Row, _groups: dict[Hashable, Any]) -> None:
    log: LogRecord = scope.log_records.add()
    scalars(log, row, _LOG_SCALARS)
    if row["body_type"] is not None:
        log.body.SetInParent()
        restore(log.body, row["body"], row["body_type"])
    attributes(log.attributes, row["attributes"], row["attribute_types"])


def _add_metric(scope: Any, row: Row, groups: dict[Hashable, Any]) -> None:
    key = (id(scope), _key(row, _METRIC))
    if key not in groups:
        groups[key] = _new_metric(scope.metrics.add(), row)
    metric: Metric = groups[key]
    if row["type"] is not None:
        _fill_point(getattr(metric, row["type"]).data_points.add(), row)


def _new_metric(metric: Metric, row: Row) -> Metric:
    metric.name = row["name"] or ""
    metric.description = row["description"] or ""
    metric.unit = row["unit"] or ""
    attributes(metric.metadata, row["metadata"], row["metadata_types"])
    if row["type"] is not None:
        data = getattr(metric, row["type"])
        data.SetInParent()
        scalars(data, row, _DATA_SCALARS)
    return metric


def _fill_point(point: Any, row: Row) -> None:
    scalars(point, row, _POINT_SCALARS)
    attributes(point.attributes, row["attributes"], row["attribute_types"])
    for sign in ("positive", "negative"):
        offset, counts = row[f"{sign}_offset"], row[f"{sign}_bucket_counts"]
        if offset is not None or counts is not None:
            buckets = getattr(point, sign)
            buckets.SetInParent()
            buckets.offset = offset or 0
            buckets.bucket_counts.extend(count & U64 for count in counts or ())
    if row["bucket_counts"] is not None:
        point.bucket_counts.extend(count & U64 for count in row["bucket_counts"])
    if row["explicit_bounds"] is not None:
        point.explicit_bounds.extend(row["explicit_bounds"])
    for quantile in row["quantile_values"] or ():
        point.quantile_values.add(**quantile)
    for exemplar in row["exemplars"] or ():
        _fill_exemplar(point.exemplars.add(), exemplar)


def _fill_exemplar(exemplar: Any, row: Row) -> None:
    scalars(exemplar, row, _EXEMPLAR_SCALARS)
    attributes(exemplar.filtered_attributes, row["filtered_attributes"], row["attribute_types"])


_ADD: Final[dict[str, Callable[[Any, Row, dict[Hashable, Any]], None]]] = {
    "spans": _add_span,
    "logs": _add_log,
    "metrics": _add_metric,
}

_SPAN_SCALARS: Final = (
    *same("trace_id", "span_id", "parent_span_id", "trace_state", "flags", "name", "kind"),
    ("start_ns", "start_time_unix_nano"),
    ("end_ns", "end_time_unix_nano"),
    *same("dropped_attributes_count", "dropped_events_count", "dropped_links_count"),
)
_EVENT_SCALARS: Final = (
    ("time_ns", "time_unix_nano"),
    *same("name", "dropped_attributes_count"),
)
_LINK_SCALARS: Final = same(
    "trace_id", "span_id", "trace_state", "dropped_attributes_count", "flags"
)
_LOG_SCALARS: Final = (
    ("time_ns", "time_unix_nano"),
    ("observed_ns", "observed_time_unix_nano"),
    ("event_name_field", "event_name"),
    *same("trace_id", "span_id", "flags", "severity_number", "severity_text"),
    *same("dropped_attributes_count"),
)
_DATA_SCALARS: Final = same("aggregation_temporality", "is_monotonic")
_POINT_SCALARS: Final = (
    ("start_ns", "start_time_unix_nano"),
    ("time_ns", "time_unix_nano"),
    ("value_int", "as_int"),
    ("value_double", "as_double"),
    *same("flags", "count", "sum", "min", "max", "scale", "zero_count", "zero_threshold"),
)
_EXEMPLAR_SCALARS: Final = (
    ("time_ns", "time_unix_nano"),
    ("value_int", "as_int"),
    ("value_double", "as_double"),
    *same("trace_id", "span_id"),
)
