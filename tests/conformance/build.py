"""Build small valid requests, and the bytes of invalid ones."""

import secrets
import time
from typing import Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Gauge,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from .signals import LOGS, TRACES, Signal

Record = Span | LogRecord | Metric

_RESOURCE: Final = Resource(
    attributes=[
        KeyValue(key="service.name", value=AnyValue(string_value="otlp-conformance")),
    ]
)
_SCOPE: Final = InstrumentationScope(name="otlp-conformance")
PLACEHOLDER: Final = "XXXXXXXXXXXX"
"""A name to be replaced, in serialized bytes, by one of the same length that is not UTF-8."""
UNKNOWN_FIELD: Final = 7000
"""No OTLP message has this field; 1000 was once one of ResourceSpans, ResourceLogs and so on."""
_NOT_UTF8: Final = b"\xff\xfe\xc3\x28\xed\xa0\x80\xf8\x88\x80\x80\x80"


def attribute(key: str, value: AnyValue | str | int) -> KeyValue:
    """One attribute."""
    if isinstance(value, str):
        value = AnyValue(string_value=value)
    elif isinstance(value, int):
        value = AnyValue(int_value=value)
    return KeyValue(key=key, value=value)


def span(name: str = "step", attributes: tuple[KeyValue, ...] = ()) -> Span:
    """A span of a trace of its own that took one millisecond."""
    now = time.time_ns()
    return Span(
        trace_id=secrets.token_bytes(16),
        span_id=secrets.token_bytes(8),
        name=name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=now - 1_000_000,
        end_time_unix_nano=now,
        attributes=attributes,
    )


def log(text: str = "done", attributes: tuple[KeyValue, ...] = ()) -> LogRecord:
    """A log record outside any trace."""
    now = time.time_ns()
    return LogRecord(
        time_unix_nano=now,
        observed_time_unix_nano=now,
        body=AnyValue(string_value=text),
        attributes=attributes,
    )


def metric(name: str = "steps", attributes: tuple[KeyValue, ...] = ()) -> Metric:
    """A gauge with one data point."""
    point = NumberDataPoint(time_unix_nano=time.time_ns(), as_int=5, attributes=attributes)
    return Metric(name=name, gauge=Gauge(data_points=[point]))


def traces(*spans: Span) -> ExportTraceServiceRequest:
    """One request with these spans."""
    scopes = [ScopeSpans(scope=_SCOPE, spans=spans)]
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=_RESOURCE, scope_spans=scopes)]
    )


def logs(*records: LogRecord) -> ExportLogsServiceRequest:
    """One request with these log records."""
    scopes = [ScopeLogs(scope=_SCOPE, log_records=records)]
    return ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(resource=_RESOURCE, scope_logs=scopes)]
    )


def metrics(*found: Metric) -> ExportMetricsServiceRequest:
    """One request with these metrics."""
    scopes = [ScopeMetrics(scope=_SCOPE, metrics=found)]
    return ExportMetricsServiceRequest(
        resource_metrics=[ResourceMetrics(resource=_RESOURCE, scope_metrics=scopes)]
    )


def sample(
    signal: Signal, *names: str, attributes: tuple[KeyValue, ...] = ()
) -> ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest:
    """A valid request of this signal with one record for each name (one record without)."""
    wanted = names or ("step",)
    if signal is TRACES:
        return traces(*(span(name, attributes) for name in wanted))
    if signal is LOGS:
        return logs(*(log(name, attributes) for name in wanted))
    return metrics(*(metric(name, attributes) for name in wanted))


def partly_not_utf8(signal: Signal, good: int, bad: int) -> bytes:
    """A serialized request of which `bad` records have a text that is not UTF-8."""
    names = [f"good {n}" for n in range(good)] + [PLACEHOLDER] * bad
    payload = sample(signal, *names).SerializeToString()
    return payload.replace(PLACEHOLDER.encode(), _NOT_UTF8)


def varint(value: int) -> bytes:
    """A protobuf varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    """A protobuf field of the length-delimited kind."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def padded(request: Message, size: int) -> bytes:
    """The serialized request and a field no receiver knows: `size` bytes, give or take one."""
    payload = request.SerializeToString()
    overhead = len(varint(UNKNOWN_FIELD << 3 | 2)) + len(varint(size))
    return payload + field(UNKNOWN_FIELD, bytes(size - len(payload) - overhead))
