"""Read metrics into rows of `metrics`, one a data point."""

from collections.abc import Iterator
from typing import Any, Final

from spanledger_exporters.decoding.plain import Row, attributes, signed


def rows(metric: Any) -> Iterator[Row]:
    """The rows of one Metric; none when it has no data."""
    kind = metric.WhichOneof("data")
    if kind is None:
        return
    data = getattr(metric, kind)
    shared = {
        "name": metric.name,
        "description": metric.description or None,
        "unit": metric.unit or None,
        **attributes(metric.metadata, "metadata", "metadata_types"),
        "type": kind,
        "aggregation_temporality": getattr(data, "aggregation_temporality", None),
        "is_monotonic": getattr(data, "is_monotonic", None),
    }
    for point in data.data_points:
        yield shared | _any_point(point) | _KINDS[kind](point)


def _any_point(point: Any) -> Row:
    return {
        "start_ns": signed(point.start_time_unix_nano) or None,
        "time_ns": signed(point.time_unix_nano),
        "flags": point.flags or None,
        **attributes(point.attributes),
        "exemplars": [_exemplar(e) for e in getattr(point, "exemplars", ())] or None,
    }


def _exemplar(exemplar: Any) -> Row:
    return {
        "time_ns": signed(exemplar.time_unix_nano),
        "value_int": _set(exemplar, "as_int"),
        "value_double": _set(exemplar, "as_double"),
        "span_id": exemplar.span_id.hex() or None,
        "trace_id": exemplar.trace_id.hex() or None,
        **attributes(exemplar.filtered_attributes, "filtered_attributes"),
    }


def _number(point: Any) -> Row:
    return {"value_int": _set(point, "as_int"), "value_double": _set(point, "as_double")}


def _histogram(point: Any) -> Row:
    return {
        "count": signed(point.count),
        "sum": _set(point, "sum"),
        "min": _set(point, "min"),
        "max": _set(point, "max"),
        "bucket_counts": [signed(n) for n in point.bucket_counts] or None,
        "explicit_bounds": list(point.explicit_bounds) or None,
    }


def _exponential(point: Any) -> Row:
    row: Row = {
        "count": signed(point.count),
        "sum": _set(point, "sum"),
        "min": _set(point, "min"),
        "max": _set(point, "max"),
        "scale": point.scale,
        "zero_count": signed(point.zero_count),
        "zero_threshold": point.zero_threshold,
    }
    for side in ("positive", "negative"):
        if point.HasField(side):
            buckets = getattr(point, side)
            row[f"{side}_offset"] = buckets.offset
            row[f"{side}_bucket_counts"] = [signed(n) for n in buckets.bucket_counts]
    return row


def _summary(point: Any) -> Row:
    return {
        "count": signed(point.count),
        "sum": point.sum,
        "quantile_values": [
            {"quantile": q.quantile, "value": q.value} for q in point.quantile_values
        ]
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
