"""Set up OpenTelemetry's SDK for an agent in one call, as its OTEL_* variables want it.

Arguments are what holds where a variable says nothing.
"""

import importlib.metadata
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Final, Literal

from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider, set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator

from spanledger._emit import guarded
from spanledger._forks import ForkSafeLock
from spanledger._plans import close_plans_at_exit
from spanledger._processor import LedgerSpanProcessor
from spanledger._text import disabled, reread_settings

Signal = Literal["traces", "logs", "metrics"]

_OTLP: Final = frozenset({"otlp", "otlp_proto_http", "otlp_proto_grpc"})
# A process that is killed loses what waits here: events say what it was at.
_EVENTS_MS: Final = 200
_SPANS_MS: Final = 1000
# How long the end of the process waits for a collector that does not answer.
_FAREWELL_S: Final = 2.0
_LOCK: Final = ForkSafeLock()
_STAMPED: Final[weakref.WeakSet[TracerProvider]] = weakref.WeakSet()


class Telemetry:
    """What `setup` set up; parts that the agent had set up itself stay the agent's."""

    def __init__(self) -> None:
        self.tracer_provider: TracerProvider | None = None
        self.logger_provider: LoggerProvider | None = None
        self.meter_provider: MeterProvider | None = None

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what waits; whether all of it was sent."""
        done = True
        for provider in (self.tracer_provider, self.logger_provider, self.meter_provider):
            with guarded("flushing telemetry"):
                if provider is not None:
                    done = provider.force_flush(int(timeout_s * 1000)) and done
        return done

    def shutdown(self) -> None:
        """Send what waits and end; it happens by itself when the process ends."""
        for provider in (self.tracer_provider, self.logger_provider, self.meter_provider):
            with guarded("shutting telemetry down"):
                if provider is not None:
                    provider.shutdown()


_DONE: Final = Telemetry()


def setup(
    service_name: str | None = None,
    *,
    endpoint: str | None = None,
    exporter: str = "otlp",
    capture_content: bool | None = None,
) -> Telemetry:
    """Send spans, events and metrics to a collector; a second call does nothing more.

    Args:
        service_name: What the records are of; OTEL_SERVICE_NAME counts over it.
        endpoint: The collector, `http://localhost:4318`; OTEL_EXPORTER_OTLP_ENDPOINT counts over
            it. For OTEL_EXPORTER_OTLP_PROTOCOL=grpc the port is usually 4317.
        exporter: `otlp`, `spanledger` (into SPANLEDGER_DATA, without a server), `console` or
            `none`; OTEL_TRACES_EXPORTER, OTEL_LOGS_EXPORTER and OTEL_METRICS_EXPORTER count over
            it.
        capture_content: Whether texts are told, as SPANLEDGER_CAPTURE_CONTENT says otherwise.
    """
    with guarded("setting up telemetry"), _LOCK:
        if capture_content is not None:
            os.environ.setdefault(
                "SPANLEDGER_CAPTURE_CONTENT", "1" if capture_content else "titles"
            )
            reread_settings()
        if not disabled():
            _set_up(service_name, _Exporters(endpoint, exporter))
    return _DONE


def _set_up(service_name: str | None, exporters: "_Exporters") -> None:
    """Set what is not set yet; a part that fails does not keep the others from working."""
    resource = _resource(service_name)
    with guarded("setting up traces"):
        own = trace.get_tracer_provider()
        if isinstance(own, TracerProvider):
            resource = own.resource
        else:
            _DONE.tracer_provider = own = _tracers(resource, exporters)
            trace.set_tracer_provider(own)
        _stamp(own)
    with guarded("setting up events"):
        if not isinstance(get_logger_provider(), LoggerProvider):
            _DONE.logger_provider = _loggers(resource, exporters)
            set_logger_provider(_DONE.logger_provider)
    with guarded("setting up metrics"):
        if not isinstance(metrics.get_meter_provider(), MeterProvider):
            _DONE.meter_provider = _meters(resource, exporters)
            metrics.set_meter_provider(_DONE.meter_provider)
    if exporters.made:
        _part_in_time(exporters)
    close_plans_at_exit()


def _part_in_time(exporters: "_Exporters") -> None:
    """Let no exporter hold up the end of the process: it would try again for 10 s or longer."""

    def part() -> None:
        threading.main_thread().join()
        time.sleep(_FAREWELL_S)
        exporters.shutdown()

    def watch() -> None:
        with guarded("watching for the end of the process"):
            threading.Thread(target=part, name="spanledger-farewell", daemon=True).start()

    watch()
    os.register_at_fork(after_in_child=watch)


def stamp_spans() -> None:
    """Let the global provider stamp spans: `opentelemetry-instrument` calls this when it is set."""
    with guarded("adding the span processor"), _LOCK:
        provider = trace.get_tracer_provider()
        if isinstance(provider, TracerProvider):
            _stamp(provider)


def _stamp(provider: TracerProvider) -> None:
    if provider not in _STAMPED:
        _STAMPED.add(provider)
        provider.add_span_processor(LedgerSpanProcessor())


def _resource(service_name: str | None) -> Resource:
    """As the variables and detectors say; the name where they have none."""
    found = Resource.create()
    if service_name and str(found.attributes["service.name"]).startswith("unknown_service"):
        return found.merge(Resource({"service.name": service_name}))
    return found


def _tracers(resource: Resource, exporters: "_Exporters") -> TracerProvider:
    name = os.environ.get("OTEL_PYTHON_ID_GENERATOR", "random")
    made = _load("opentelemetry_id_generator", name)()
    ids = made if isinstance(made, IdGenerator) else None
    provider = TracerProvider(resource=resource, id_generator=ids)
    delay = _delay_ms("OTEL_BSP_SCHEDULE_DELAY", _SPANS_MS)
    for exporter in exporters.of("traces"):
        if isinstance(exporter, SpanExporter):
            provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
    return provider


def _loggers(resource: Resource, exporters: "_Exporters") -> LoggerProvider:
    provider = LoggerProvider(resource=resource)
    delay = _delay_ms("OTEL_BLRP_SCHEDULE_DELAY", _EVENTS_MS)
    for exporter in exporters.of("logs"):
        if isinstance(exporter, LogRecordExporter):
            processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=delay)
            provider.add_log_record_processor(processor)
    return provider


def _meters(resource: Resource, exporters: "_Exporters") -> MeterProvider:
    found = exporters.of("metrics")
    pull = [reader for reader in found if isinstance(reader, MetricReader)]
    push = [PeriodicExportingMetricReader(one) for one in found if isinstance(one, MetricExporter)]
    return MeterProvider(resource=resource, metric_readers=[*pull, *push])


def _delay_ms(variable: str, otherwise: int) -> int | None:
    """None lets the SDK read its variable."""
    return None if os.environ.get(variable) else otherwise


def _load(group: str, name: str) -> Callable[..., object]:
    """What a distribution registered under a name. Raises LookupError if none did."""
    for found in importlib.metadata.entry_points(group=group, name=name):
        loaded: Callable[..., object] = found.load()
        return loaded
    raise LookupError(f"no {group} is called {name}")


class _Exporters:
    """The exporters the variables ask for, made by the names they are registered under."""

    def __init__(self, endpoint: str | None, exporter: str) -> None:
        self._endpoint, self._exporter = endpoint, exporter
        self.made: list[object] = []
        self._remote: list[object] = []

    def of(self, signal: Signal) -> list[object]:
        """Those of one signal; none while the SDK is disabled."""
        if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            return []
        said = os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip() or self._exporter
        first = len(self.made)
        for name in {word.strip() for word in said.split(",")} - {"", "none"}:
            with guarded(f"loading the {signal} exporter {name}"):
                made = self._make(signal, name)
                self.made.append(made)
                if name in _OTLP:
                    self._remote.append(made)
        return self.made[first:]

    def _make(self, signal: Signal, name: str) -> object:
        group = f"opentelemetry_{signal}_exporter"
        if name not in _OTLP:
            return _load(group, name)()
        protocol = _variable(signal, "PROTOCOL") or "http/protobuf"
        if name == "otlp":
            name = "otlp_proto_grpc" if protocol.strip() == "grpc" else "otlp_proto_http"
        if self._endpoint is None or _variable(signal, "ENDPOINT"):
            return _load(group, name)()
        endpoint = self._endpoint.rstrip("/")
        if name == "otlp_proto_http":
            endpoint = f"{endpoint}/v1/{signal}"
        return _load(group, name)(endpoint=endpoint)

    def shutdown(self) -> None:
        """Stop trying to reach a collector; what writes files ends by itself."""
        for exporter in self._remote:
            with guarded("stopping an exporter"):
                if isinstance(exporter, SpanExporter | LogRecordExporter | MetricExporter):
                    exporter.shutdown()


def _variable(signal: Signal, what: str) -> str | None:
    """An OTLP variable: the signal's own, else the general one."""
    general = os.environ.get(f"OTEL_EXPORTER_OTLP_{what}")
    return os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_{what}") or general
