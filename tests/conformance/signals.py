"""Name the three signals: their services, paths and messages."""

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces

Response = (
    traces.ExportTraceServiceResponse
    | logs.ExportLogsServiceResponse
    | metrics.ExportMetricsServiceResponse
)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal; `rejected` is the field of its partial success that counts."""

    name: str
    service: str
    request: type[Message]
    response: type[Response]
    rejected: str

    @property
    def path(self) -> str:
        """Where HTTP clients POST it."""
        return f"/v1/{self.name}"

    @property
    def method(self) -> str:
        """The full name of the gRPC method."""
        return f"/{self.service}/Export"


TRACES: Final = Signal(
    "traces",
    "opentelemetry.proto.collector.trace.v1.TraceService",
    traces.ExportTraceServiceRequest,
    traces.ExportTraceServiceResponse,
    "rejected_spans",
)
LOGS: Final = Signal(
    "logs",
    "opentelemetry.proto.collector.logs.v1.LogsService",
    logs.ExportLogsServiceRequest,
    logs.ExportLogsServiceResponse,
    "rejected_log_records",
)
METRICS: Final = Signal(
    "metrics",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    metrics.ExportMetricsServiceRequest,
    metrics.ExportMetricsServiceResponse,
    "rejected_data_points",
)
SIGNALS: Final = (TRACES, LOGS, METRICS)
