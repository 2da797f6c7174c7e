"""Hold the messages of Jaeger's remote storage API, `jaeger.storage.v2`.

Fields are numbered in the order in which they are listed here (jaeger-idl, proto/storage/v2, state
of August 2026). Left out: `TraceQueryParameters.filter` (9), which Jaeger sends only to a storage
that says it understands it. Attributes are OTLP's own KeyValue, which is the same on the wire.
"""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    timestamp_pb2,
)
from google.protobuf.descriptor import FileDescriptor
from opentelemetry.proto.common.v1 import common_pb2

PACKAGE: Final = "jaeger.storage.v2"

_TIME: Final = ".google.protobuf.Timestamp"
_SPAN_OF_TIME: Final = ".google.protobuf.Duration"

_MESSAGES: Final = {
    "GetTraceParams": ("bytes trace_id", f"{_TIME} start_time", f"{_TIME} end_time"),
    "GetTracesRequest": ("repeated GetTraceParams query",),
    "GetServicesRequest": (),
    "GetServicesResponse": ("repeated string services",),
    "GetOperationsRequest": ("string service", "string span_kind"),
    "Operation": ("string name", "string span_kind"),
    "GetOperationsResponse": ("repeated Operation operations",),
    "TraceQueryParameters": (
        "string service_name",
        "string operation_name",
        "repeated .opentelemetry.proto.common.v1.KeyValue attributes",
        f"{_TIME} start_time_min",
        f"{_TIME} start_time_max",
        f"{_SPAN_OF_TIME} duration_min",
        f"{_SPAN_OF_TIME} duration_max",
        "int32 search_depth",
    ),
    "FindTracesRequest": ("TraceQueryParameters query",),
    "FindTraceIDsRequest": ("TraceQueryParameters query",),
    "FoundTraceID": ("bytes trace_id", f"{_TIME} start", f"{_TIME} end"),
    "FindTraceIDsResponse": ("repeated FoundTraceID trace_ids",),
    "ServiceSummary": ("string name", "int32 span_count", "int32 error_span_count"),
    "TraceSummary": (
        "bytes trace_id",
        "string root_service_name",
        "string root_operation_name",
        "fixed64 min_start_time_unix_nano",
        "fixed64 max_end_time_unix_nano",
        "int32 span_count",
        "int32 error_span_count",
        "int32 orphan_span_count",
        "repeated ServiceSummary services",
    ),
    "FindTraceSummariesRequest": ("TraceQueryParameters query",),
    "FindTraceSummariesResponse": ("repeated TraceSummary summaries",),
    "GetDependenciesRequest": (f"{_TIME} start_time", f"{_TIME} end_time"),
    "Dependency": ("string parent", "string child", "uint64 call_count", "string source"),
    "GetDependenciesResponse": ("repeated Dependency dependencies",),
    "FilterCapabilities": ("repeated string levels", "repeated string operators"),
    "SearchCapabilities": (
        "bool without_service_name",
        "bool same_span_conjunction",
        "FilterCapabilities filter",
    ),
    "GetCapabilitiesRequest": (),
    "GetCapabilitiesResponse": ("SearchCapabilities search",),
}

_Field = descriptor_pb2.FieldDescriptorProto


def _described(name: str, fields: tuple[str, ...]) -> descriptor_pb2.DescriptorProto:
    made = descriptor_pb2.DescriptorProto(name=name)
    for number, text in enumerate(fields, 1):
        *label, kind, field = text.split()
        entry = made.field.add(name=field, number=number)
        entry.label = _Field.LABEL_REPEATED if label else _Field.LABEL_OPTIONAL
        scalar = f"TYPE_{kind.upper()}"
        if scalar in _Field.Type.keys():  # noqa: SIM118 # a protobuf enum is no mapping
            entry.type = _Field.Type.Value(scalar)
        else:
            entry.type = _Field.TYPE_MESSAGE
            entry.type_name = kind if kind.startswith(".") else f".{PACKAGE}.{kind}"
    return made


def _file() -> FileDescriptor:
    """In a pool of its own: somebody else's copy of these messages may be loaded too."""
    pool = descriptor_pool.DescriptorPool()
    needed = (timestamp_pb2.DESCRIPTOR, duration_pb2.DESCRIPTOR, common_pb2.DESCRIPTOR)
    for file in needed:
        copied = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(copied)
        pool.Add(copied)
    proto = descriptor_pb2.FileDescriptorProto(
        name="spanledger/jaeger_storage_v2.proto",
        package=PACKAGE,
        syntax="proto3",
        dependency=[file.name for file in needed],
        message_type=[_described(name, fields) for name, fields in _MESSAGES.items()],
    )
    pool.Add(proto)
    return pool.FindFileByName(proto.name)


_CLASSES: Final = {
    name: message_factory.GetMessageClass(kind)
    for name, kind in _file().message_types_by_name.items()
}


def new(name: str, **fields: object) -> Any:
    """A message; nested ones may be given as dicts."""
    kind: Callable[..., Any] = _CLASSES[name]
    return kind(**fields)


def parse(name: str, data: bytes) -> Any:
    """A message from its bytes; raises google.protobuf.message.DecodeError."""
    return _CLASSES[name].FromString(data)
