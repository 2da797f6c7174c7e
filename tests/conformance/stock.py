"""Make telemetry with the OpenTelemetry SDK for Python, and its stock OTLP exporters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.sdk._logs import (
    LoggerProvider,
    LogRecordProcessor,
    ReadableLogRecord,
    ReadWriteLogRecord,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExporter, MetricsData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.util.types import AttributeValue

from .target import Target

MARK: Final = "conformance.mark"
"""The attribute by which one test's records are found again."""
_SCOPE: Final = "otlp-conformance"


@dataclass(frozen=True, slots=True)
class _Emitted(LogRecordProcessor):
    records: list[ReadableLogRecord]

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        provided = log_record.resource or Resource.get_empty()
        self.records.append(
            ReadableLogRecord(
                log_record=log_record.log_record,
                resource=provided,
                instrumentation_scope=log_record.instrumentation_scope,
            )
        )

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return timeout_millis >= 0


def finished_spans(mark: str, count: int) -> Sequence[ReadableSpan]:
    """Spans with attributes of several types and an event each."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer(_SCOPE)
    for n in range(count):
        attributes: dict[str, AttributeValue] = {
            MARK: mark,
            "n": n,
            "ratio": 0.5,
            "ok": True,
            "names": ["a", "b"],
        }
        with tracer.start_as_current_span(f"step {n}", attributes=attributes) as span:
            span.add_event("progress", {"done": n})
    provider.shutdown()
    return memory.get_finished_spans()


def emitted_logs(mark: str, count: int) -> Sequence[ReadableLogRecord]:
    """Log records with a body and an event name."""
    emitted = _Emitted([])
    provider = LoggerProvider()
    provider.add_log_record_processor(emitted)
    logger = provider.get_logger(_SCOPE)
    for n in range(count):
        logger.emit(
            timestamp=n + 1,
            severity_number=SeverityNumber.INFO,
            body={"done": n},
            attributes={MARK: mark},
            event_name="progress",
        )
    provider.shutdown()
    return emitted.records


def collected_metrics(mark: str) -> MetricsData:
    """A counter, a gauge and a histogram with one data point each."""
    memory = InMemoryMetricReader()
    provider = MeterProvider([memory])
    meter = provider.get_meter(_SCOPE)
    meter.create_counter("steps").add(3, {MARK: mark})
    meter.create_gauge("depth").set(2.5, {MARK: mark})
    meter.create_histogram("wait", unit="ms").record(12, {MARK: mark})
    found = memory.get_metrics_data()
    provider.shutdown()
    if found is None:
        raise AssertionError("three instruments were recorded to")
    return found


def span_exporter(target: Target, transport: str, *, gzip: bool) -> SpanExporter:
    """The stock exporter of spans."""
    if transport == "grpc":
        return grpc_traces.OTLPSpanExporter(
            f"http://{target.grpc_address}", insecure=True, compression=_grpc(gzip=gzip)
        )
    return http_traces.OTLPSpanExporter(
        f"{target.http_base}/v1/traces", compression=_http(gzip=gzip)
    )


def log_exporter(
    target: Target, transport: str, *, gzip: bool
) -> grpc_logs.OTLPLogExporter | http_logs.OTLPLogExporter:
    """The stock exporter of log records."""
    if transport == "grpc":
        return grpc_logs.OTLPLogExporter(
            f"http://{target.grpc_address}", insecure=True, compression=_grpc(gzip=gzip)
        )
    return http_logs.OTLPLogExporter(f"{target.http_base}/v1/logs", compression=_http(gzip=gzip))


def metric_exporter(target: Target, transport: str, *, gzip: bool) -> MetricExporter:
    """The stock exporter of metrics."""
    if transport == "grpc":
        return grpc_metrics.OTLPMetricExporter(
            f"http://{target.grpc_address}", insecure=True, compression=_grpc(gzip=gzip)
        )
    return http_metrics.OTLPMetricExporter(
        f"{target.http_base}/v1/metrics", compression=_http(gzip=gzip)
    )


def _grpc(*, gzip: bool) -> grpc.Compression:
    return grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression


def _http(*, gzip: bool) -> Compression:
    return Compression.Gzip if gzip else Compression.NoCompression
