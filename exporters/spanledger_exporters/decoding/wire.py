"""Hold the protobuf descriptors: the real OTLP ones and two derived at start-up.

`arrow_handler` gives ptars an OTLP whose recursive AnyValue is finite: `array_value` and
`kvlist_value` are `bytes` there, which is the same on the wire. `envelope` gives an OTLP in which
everything below the list of records is `bytes`, so that one bad record can be told from its
neighbours.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Protocol

import ptars
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from google.protobuf.descriptor import Descriptor, FileDescriptor
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True, slots=True)
class Wire:
    """The names of one signal's envelope: request.<resources>[].<scopes>[].<records>[]."""

    request: type[message.Message]
    record: type[message.Message]
    resources: str
    scopes: str
    records: str
    file: FileDescriptor
    service: FileDescriptor


WIRES: Final = {
    "spans": Wire(
        trace_service_pb2.ExportTraceServiceRequest,
        trace_pb2.Span,
        "resource_spans",
        "scope_spans",
        "spans",
        trace_pb2.DESCRIPTOR,
        trace_service_pb2.DESCRIPTOR,
    ),
    "logs": Wire(
        logs_service_pb2.ExportLogsServiceRequest,
        logs_pb2.LogRecord,
        "resource_logs",
        "scope_logs",
        "log_records",
        logs_pb2.DESCRIPTOR,
        logs_service_pb2.DESCRIPTOR,
    ),
    "metrics": Wire(
        metrics_service_pb2.ExportMetricsServiceRequest,
        metrics_pb2.Metric,
        "resource_metrics",
        "scope_metrics",
        "metrics",
        metrics_pb2.DESCRIPTOR,
        metrics_service_pb2.DESCRIPTOR,
    ),
}

_RECURSIVE: Final = {("AnyValue", "array_value"), ("AnyValue", "kvlist_value")}


class ArrowHandler(Protocol):
    """What we use of ptars."""

    def list_to_record_batch(self, values: list[bytes]) -> pa.RecordBatch:
        """One row a serialized message."""
        ...


@cache
def arrow_handler(signal: str) -> ArrowHandler:
    """Serialized requests of a signal to one Arrow record batch, a request a row."""
    kind = arrow_kind(signal)
    handler: ArrowHandler = ptars.HandlerPool(_arrow_files(signal)).get_for_message(kind)
    return handler


def arrow_kind(signal: str) -> Descriptor:
    """What the columns of that batch are named after."""
    return _request_of(WIRES[signal], _arrow_files(signal))


@cache
def _arrow_files(signal: str) -> list[FileDescriptor]:
    return _derive(WIRES[signal], _RECURSIVE)


def _request_of(wire: Wire, files: list[FileDescriptor]) -> Descriptor:
    kind: Descriptor = files[-1].message_types_by_name[wire.request.DESCRIPTOR.name]
    return kind


@cache
def envelope(signal: str) -> type[message.Message]:
    """The request's class with resources, scopes, schema urls and records left as bytes."""
    wire = WIRES[signal]
    levels = {
        level: wire.file.message_types_by_name[level]
        for level in (_title(wire.resources), _title(wire.scopes))
    }
    opaque = {
        (level, field.name)
        for level, descriptor in levels.items()
        for field in descriptor.fields
        if field.name != wire.scopes
    }
    return message_factory.GetMessageClass(_request_of(wire, _derive(wire, opaque)))


def _title(field: str) -> str:
    return "".join(word.title() for word in field.split("_"))


def _derive(wire: Wire, as_bytes: Iterable[tuple[str, str]]) -> list[FileDescriptor]:
    """The signal's files in a pool of their own, with the (message, field) pairs made bytes."""
    pool = descriptor_pool.DescriptorPool()
    opaque = set(as_bytes)
    files = (common_pb2.DESCRIPTOR, resource_pb2.DESCRIPTOR, wire.file, wire.service)
    return [_added(pool, file, opaque) for file in files]


def _added(
    pool: descriptor_pool.DescriptorPool, file: FileDescriptor, opaque: set[tuple[str, str]]
) -> FileDescriptor:
    proto = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(proto)
    for kind in proto.message_type:
        for field in kind.field:
            if (kind.name, field.name) in opaque:
                _make_bytes(kind, field)
    pool.Add(proto)
    return pool.FindFileByName(proto.name)


def _make_bytes(
    kind: descriptor_pb2.DescriptorProto, field: descriptor_pb2.FieldDescriptorProto
) -> None:
    """Bytes instead of a message or string; a single one still tells absent from empty."""
    field.type = descriptor_pb2.FieldDescriptorProto.TYPE_BYTES
    field.ClearField("type_name")
    repeated = field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
    if not repeated and not field.HasField("oneof_index"):
        field.proto3_optional = True
        field.oneof_index = len(kind.oneof_decl)
        kind.oneof_decl.add(name=f"_{field.name}")
