"""Decode metric export requests into rows of `metrics`, one row a data point.

In plain Python over protobuf messages: agents send tens of points a minute, and five kinds of them.
"""

import math
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from spanledger_exporters import columns
from spanledger_exporters.decoding import values
from spanledger_exporters.decoding.rows import Rows
from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.decoding.wire import WIRES

Row = dict[str, Any]

_HIDDEN: Final = {"received_ns", "writer", "seq"}
_WRAP: Final = 1 << 64
_PROMOTED: Final = tuple(
    c for c in columns.METRICS if (c.aliases or c.of_resource) and c.type == "VARCHAR"
)


def decode(payloads: list[bytes], wires: list[str | None] | None = None) -> Rows:
    """Serialized ExportMetricsServiceRequests to rows; `wires` has the `wire` of each payload."""
    rows: list[Row] = []
    for index, payload in enumerate(payloads):
        request = WIRES["metrics"].request.FromString(payload)
        wire = wires[index] if wires else None
        rows.extend({**row, "wire": wire} for row in _rows(request))
    shape = [field for field in schema("metrics") if field.name not in _HIDDEN]
    return Rows(
        signal="metrics",
        count=len(rows),
        columns={
            field.name: pa.array([row.get(field.name) for row in rows], field.type)
            for field in shape
        },
        members=pa.array([_members(row) for row in rows], pa.string()),
    )


def _rows(request: Any) -> Iterator[Row]:
    for resources in request.resource_metrics:
        for scopes in resources.scope_metrics:
            source = _source(resources, scopes)
            for metric in scopes.metrics:
                for row in _points(metric):
                    yield _promoted(row | source)


def _source(resources: Any, scopes: Any) -> Row:
    resource, scope = resources.resource, scopes.scope
    sent = resources.HasField("resource")
    return {
        "resource": (values.map_of(resource.attributes) or []) if sent else None,
        "resource_types": values.types_of(resource.attributes),
        "resource_dropped_attributes_count": resource.dropped_attributes_count or None,
        "resource_entity_refs": _entity_refs(resource),
        "resource_schema_url": resources.schema_url or None,
        "scope_name": scope.name if scopes.HasField("scope") else None,
        "scope_version": scope.version or None,
        "scope_attributes": values.map_of(scope.attributes),
        "scope_attribute_types": values.types_of(scope.attributes),
        "scope_dropped_attributes_count": scope.dropped_attributes_count or None,
        "scope_schema_url": scopes.schema_url or None,
        "$resource": values.object_of(resource.attributes) or ({} if sent else None),
        "$scope_attributes": values.object_of(scope.attributes),
    }


def _entity_refs(resource: Any) -> str | None:
    refs = [
        {
            "schema_url": ref.schema_url,
            "type": ref.type,
            "id_keys": list(ref.id_keys),
            "description_keys": list(ref.description_keys),
        }
        for ref in resource.entity_refs
    ]
    return values.dump(refs) if refs else None


def _points(metric: Any) -> Iterator[Row]:
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    shared = {
        "name": metric.name,
        "description": metric.description or None,
        "unit": metric.unit or None,
        "metadata": values.map_of(metric.metadata),
        "metadata_types": values.types_of(metric.metadata),
        "$metadata": values.object_of(metric.metadata),
        "type": kind,
        "aggregation_temporality": getattr(data, "aggregation_temporality", None),
        "is_monotonic": getattr(data, "is_monotonic", None),
    }
    for point in data.data_points:
        yield shared | _any_point(point) | _KINDS[kind](point)


def _any_point(point: Any) -> Row:
    return {
        "start_ns": _signed(point.start_time_unix_nano) or None,
        "time_ns": _signed(point.time_unix_nano),
        "flags": point.flags or None,
        "attributes": values.map_of(point.attributes),
        "attribute_types": values.types_of(point.attributes),
        "$attributes": values.object_of(point.attributes),
        "exemplars": [_exemplar(e) for e in getattr(point, "exemplars", ())] or None,
    }


def _exemplar(exemplar: Any) -> Row:
    return {
        "time_ns": _signed(exemplar.time_unix_nano),
        "value_int": _set(exemplar, "as_int"),
        "value_double": _set(exemplar, "as_double"),
        "span_id": exemplar.span_id.hex() or None,
        "trace_id": exemplar.trace_id.hex() or None,
        "filtered_attributes": values.map_of(exemplar.filtered_attributes),
        "attribute_types": values.types_of(exemplar.filtered_attributes),
        "$filtered_attributes": values.object_of(exemplar.filtered_attributes),
    }


def _number(point: Any) -> Row:
    return {"value_int": _set(point, "as_int"), "value_double": _set(point, "as_double")}


def _histogram(point: Any) -> Row:
    return {
        "count": _signed(point.count),
        "sum": _set(point, "sum"),
        "min": _set(point, "min"),
        "max": _set(point, "max"),
        "bucket_counts": [_signed(n) for n in point.bucket_counts] or None,
        "explicit_bounds": list(point.explicit_bounds) or None,
    }


def _exponential(point: Any) -> Row:
    row: Row = {
        "count": _signed(point.count),
        "sum": _set(point, "sum"),
        "min": _set(point, "min"),
        "max": _set(point, "max"),
        "scale": point.scale,
        "zero_count": _signed(point.zero_count),
        "zero_threshold": point.zero_threshold,
    }
    for side in ("positive", "negative"):
        if point.HasField(side):
            buckets = getattr(point, side)
            row[f"{side}_offset"] = buckets.offset
            row[f"{side}_bucket_counts"] = [_signed(n) for n in buckets.bucket_counts]
    return row


def _summary(point: Any) -> Row:
    return {
        "count": _signed(point.count),
        "sum": point.sum,
        "quantile_values": [{"quantile": q.quantile, "value": q.value} for q in point.quantile_values]
        or None,
    }


_KINDS: Final = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}


def _set(record: Any, field: str) -> Any:
    """The field's value; None when it was not sent."""
    return getattr(record, field) if record.HasField(field) else None


def _signed(number: int) -> int:
    """An unsigned 64-bit number as the BIGINT with the same bits."""
    return number - _WRAP if number >= _WRAP >> 1 else number


def _promoted(row: Row) -> Row:
    own, resource = dict(row["attributes"] or ()), dict(row["resource"] or ())
    for column in _PROMOTED:
        found = [own[key] for key in column.aliases if own.get(key) is not None]
        found += [resource[key] for key in column.of_resource if resource.get(key) is not None]
        row[column.name] = found[0] if found else None
    return row


def _members(row: Row) -> str:
    """The inside of the row's JSON object; maps are written from their natural `$` twins."""
    shown = {
        name: _shown(name, value, row)
        for name, value in row.items()
        if value is not None and not name.startswith("$")
    }
    return values.dump(shown)[1:-1]


def _shown(name: str, value: Any, row: Row) -> values.Json:
    if f"${name}" in row:
        natural: values.Json = row[f"${name}"]
        return natural
    if name == "exemplars":
        return [
            {k: _shown(k, v, e) for k, v in e.items() if v is not None and not k.startswith("$")}
            for e in value
        ]
    return _finite(value)


def _finite(value: Any) -> Any:
    """NaN and infinities of typed columns as strings, which DuckDB reads as DOUBLE."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return value
