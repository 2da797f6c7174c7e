"""Decide every column of the three tables, once: name, type, source.

The journal's lines, the Parquet segments, the DuckDB views, OTLP export and the coverage test all
read these tables. `otlp` names the protocol field a column holds (opentelemetry-proto 1.x message
and field names); `aliases` are the attribute keys a promoted column is filled from, first hit wins.

Conventions: ids are lower-case hex; `*_ns` are the 64 bits of OTLP's unix nanoseconds as a signed
BIGINT (2^64-1 reads as -1); a scalar at its protobuf default is NULL unless it carries meaning
(`name`, `kind`, `start_ns`, `end_ns`, `status_code` of a status that was sent); an absent message
(status, resource, scope) is NULL in all of its columns.
"""

from typing import Final

from spanledger_exporters.column import MAP, Column
from spanledger_exporters.promoted import PROMOTED, TALK


def _struct(*fields: tuple[str, str]) -> str:
    return "STRUCT(" + ", ".join(f"{name} {kind}" for name, kind in fields) + ")"


EVENT: Final = _struct(
    ("time_ns", "BIGINT"),
    ("name", "VARCHAR"),
    ("attributes", MAP),
    ("attribute_types", "VARCHAR"),
    ("dropped_attributes_count", "BIGINT"),
)
LINK: Final = _struct(
    ("trace_id", "VARCHAR"),
    ("span_id", "VARCHAR"),
    ("trace_state", "VARCHAR"),
    ("attributes", MAP),
    ("attribute_types", "VARCHAR"),
    ("dropped_attributes_count", "BIGINT"),
    ("flags", "BIGINT"),
)
QUANTILE: Final = _struct(("quantile", "DOUBLE"), ("value", "DOUBLE"))
EXEMPLAR: Final = _struct(
    ("time_ns", "BIGINT"),
    ("value_int", "BIGINT"),
    ("value_double", "DOUBLE"),
    ("span_id", "VARCHAR"),
    ("trace_id", "VARCHAR"),
    ("filtered_attributes", MAP),
    ("attribute_types", "VARCHAR"),
)


_SOURCE: Final = (
    Column("resource", MAP, ("Resource.attributes",)),
    Column("resource_types", "VARCHAR"),
    Column("resource_dropped_attributes_count", "BIGINT", ("Resource.dropped_attributes_count",)),
    Column("resource_entity_refs", "VARCHAR", ("Resource.entity_refs",)),
    Column(
        "resource_schema_url",
        "VARCHAR",
        ("ResourceSpans.schema_url", "ResourceLogs.schema_url", "ResourceMetrics.schema_url"),
    ),
    Column("scope_name", "VARCHAR", ("InstrumentationScope.name",)),
    Column("scope_version", "VARCHAR", ("InstrumentationScope.version",)),
    Column("scope_attributes", MAP, ("InstrumentationScope.attributes",)),
    Column("scope_attribute_types", "VARCHAR"),
    Column(
        "scope_dropped_attributes_count",
        "BIGINT",
        ("InstrumentationScope.dropped_attributes_count",),
    ),
    Column(
        "scope_schema_url",
        "VARCHAR",
        ("ScopeSpans.schema_url", "ScopeLogs.schema_url", "ScopeMetrics.schema_url"),
    ),
)
"""Where a record came from; the same in every table."""

_RECEIPT: Final = (
    Column("wire", "VARCHAR"),
    Column("received_ns", "BIGINT"),
    Column("writer", "VARCHAR"),
    Column("seq", "BIGINT"),
)
"""How it was received. `wire` is the base64 of the whole OTLP request with this one record, kept
only where the columns cannot restore it (a repeated attribute key, a field from the future)."""

SPANS: Final = (
    Column("trace_id", "VARCHAR", ("Span.trace_id",)),
    Column("span_id", "VARCHAR", ("Span.span_id",)),
    Column("parent_span_id", "VARCHAR", ("Span.parent_span_id",)),
    Column("trace_state", "VARCHAR", ("Span.trace_state",)),
    Column("flags", "BIGINT", ("Span.flags",)),
    Column("name", "VARCHAR", ("Span.name",)),
    Column("kind", "INTEGER", ("Span.kind",)),
    Column("start_ns", "BIGINT", ("Span.start_time_unix_nano",)),
    Column("end_ns", "BIGINT", ("Span.end_time_unix_nano",)),
    Column("status_code", "INTEGER", ("Status.code",)),
    Column("status_message", "VARCHAR", ("Status.message",)),
    Column("attributes", MAP, ("Span.attributes",)),
    Column("attribute_types", "VARCHAR"),
    Column("dropped_attributes_count", "BIGINT", ("Span.dropped_attributes_count",)),
    Column("events", f"{EVENT}[]", ("Span.events",)),
    Column("dropped_events_count", "BIGINT", ("Span.dropped_events_count",)),
    Column("links", f"{LINK}[]", ("Span.links",)),
    Column("dropped_links_count", "BIGINT", ("Span.dropped_links_count",)),
    *PROMOTED,
    *TALK,
    *_SOURCE,
    *_RECEIPT,
    # Above 1 on a copy of a span that was stored before: kept, but not in the view `spans`.
    Column("delivery", "INTEGER"),
)

LOGS: Final = (
    Column("time_ns", "BIGINT", ("LogRecord.time_unix_nano",)),
    Column("observed_ns", "BIGINT", ("LogRecord.observed_time_unix_nano",)),
    Column("trace_id", "VARCHAR", ("LogRecord.trace_id",)),
    Column("span_id", "VARCHAR", ("LogRecord.span_id",)),
    Column("flags", "BIGINT", ("LogRecord.flags",)),
    Column("severity_number", "INTEGER", ("LogRecord.severity_number",)),
    Column("severity_text", "VARCHAR", ("LogRecord.severity_text",)),
    # What happened: the attribute event.name, else the field EventName (emitters put junk there).
    Column("event_name", "VARCHAR", aliases=("event.name",)),
    Column("event_name_field", "VARCHAR", ("LogRecord.event_name",)),
    Column("body", "VARCHAR", ("LogRecord.body",)),
    Column("body_type", "VARCHAR"),
    Column("attributes", MAP, ("LogRecord.attributes",)),
    Column("attribute_types", "VARCHAR"),
    Column("dropped_attributes_count", "BIGINT", ("LogRecord.dropped_attributes_count",)),
    *PROMOTED,
    *TALK,
    *_SOURCE,
    *_RECEIPT,
)

METRICS: Final = (
    Column("name", "VARCHAR", ("Metric.name",)),
    Column("description", "VARCHAR", ("Metric.description",)),
    Column("unit", "VARCHAR", ("Metric.unit",)),
    Column("metadata", MAP, ("Metric.metadata",)),
    Column("metadata_types", "VARCHAR"),
    # gauge, sum, histogram, exponential_histogram, summary: the oneof of Metric.data.
    Column(
        "type",
        "VARCHAR",
        (
            "Metric.gauge",
            "Metric.sum",
            "Metric.histogram",
            "Metric.exponential_histogram",
            "Metric.summary",
        ),
    ),
    Column(
        "aggregation_temporality",
        "INTEGER",
        (
            "Sum.aggregation_temporality",
            "Histogram.aggregation_temporality",
            "ExponentialHistogram.aggregation_temporality",
        ),
    ),
    Column("is_monotonic", "BOOLEAN", ("Sum.is_monotonic",)),
    Column("start_ns", "BIGINT", ("NumberDataPoint.start_time_unix_nano",)),
    Column("time_ns", "BIGINT", ("NumberDataPoint.time_unix_nano",)),
    Column("value_int", "BIGINT", ("NumberDataPoint.as_int",)),
    Column("value_double", "DOUBLE", ("NumberDataPoint.as_double",)),
    Column("flags", "BIGINT", ("NumberDataPoint.flags",)),
    Column("count", "BIGINT", ("HistogramDataPoint.count",)),
    Column("sum", "DOUBLE", ("HistogramDataPoint.sum",)),
    Column("min", "DOUBLE", ("HistogramDataPoint.min",)),
    Column("max", "DOUBLE", ("HistogramDataPoint.max",)),
    Column("bucket_counts", "BIGINT[]", ("HistogramDataPoint.bucket_counts",)),
    Column("explicit_bounds", "DOUBLE[]", ("HistogramDataPoint.explicit_bounds",)),
    Column("scale", "INTEGER", ("ExponentialHistogramDataPoint.scale",)),
    Column("zero_count", "BIGINT", ("ExponentialHistogramDataPoint.zero_count",)),
    Column("zero_threshold", "DOUBLE", ("ExponentialHistogramDataPoint.zero_threshold",)),
    Column("positive_offset", "INTEGER", ("ExponentialHistogramDataPoint.positive",)),
    Column("positive_bucket_counts", "BIGINT[]"),
    Column("negative_offset", "INTEGER", ("ExponentialHistogramDataPoint.negative",)),
    Column("negative_bucket_counts", "BIGINT[]"),
    Column("quantile_values", f"{QUANTILE}[]", ("SummaryDataPoint.quantile_values",)),
    Column("exemplars", f"{EXEMPLAR}[]", ("NumberDataPoint.exemplars",)),
    Column("attributes", MAP, ("NumberDataPoint.attributes",)),
    Column("attribute_types", "VARCHAR"),
    *(c for c in PROMOTED if c.name in {"service_name", "session_id", "agent_name", "model"}),
    *_SOURCE,
    *_RECEIPT,
)

TABLES: Final = {"spans": SPANS, "logs": LOGS, "metrics": METRICS}
"""Signal name to its columns, in order. The same three names are folders, file prefixes, views."""


def sql_columns(signal: str) -> str:
    """The columns of one table as DuckDB's `columns = {...}` argument: one struct literal."""
    return "{" + ", ".join(f"'{c.name}': '{c.type}'" for c in TABLES[signal]) + "}"
