"""Show OTLP traces as Jaeger's v1 JSON, in which resources are processes and events are logs.

The mapping is that of OpenTelemetry's Jaeger translation (specification, "OpenTelemetry to Jaeger
Transformation") and of Jaeger's own page model: times in microseconds, integers beyond 2^53 as
strings, ids without their first 16 digits where those are zeros.
"""

import base64
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from spanledger_exporters.viewing.jaeger_search import KINDS, NO_SERVICE

Object = dict[str, object]

_SAFE_INTEGER: Final = (1 << 53) - 1
_SERVICE: Final = "service.name"
_REFERENCE: Final = "opentracing.ref_type"
_STATUS: Final = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}


def traces(chunks: Iterable[bytes]) -> list[Object]:
    """One object a trace, from TracesData messages that hold one trace each, in order."""
    made: dict[str, _Trace] = {}
    for chunk in chunks:
        for resource in TracesData.FromString(chunk).resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    trace = made.setdefault(span.trace_id.hex(), _Trace())
                    process = trace.process(resource.resource.attributes)
                    trace.spans.append(_span(span, scope.scope, process))
    return [trace.shown(trace_id) for trace_id, trace in made.items()]


@dataclass(slots=True)
class _Trace:
    """A trace being put together."""

    spans: list[Object] = field(default_factory=list)
    _processes: dict[bytes, str] = field(default_factory=dict)
    _shown: dict[str, Object] = field(default_factory=dict)

    def process(self, attributes: Iterable[KeyValue]) -> str:
        """The id of the process that a resource is: p1, p2 and so on."""
        key = b"\0".join(pair.SerializeToString() for pair in attributes)
        if key not in self._processes:
            name = self._processes[key] = f"p{len(self._processes) + 1}"
            self._shown[name] = _process(attributes)
        return self._processes[key]

    def shown(self, trace_id: str) -> Object:
        return {
            "traceID": _trace_id(trace_id),
            "spans": self.spans,
            "processes": self._shown,
            "warnings": None,
        }


def _process(attributes: Iterable[KeyValue]) -> Object:
    services = [_text(pair.value) for pair in attributes if pair.key == _SERVICE]
    tags = [_tag(pair) for pair in attributes if pair.key != _SERVICE]
    return {"serviceName": services[0] if services else NO_SERVICE, "tags": tags}


def _span(span: Span, scope: InstrumentationScope, process: str) -> Object:
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    return {
        "traceID": _trace_id(span.trace_id.hex()),
        "spanID": span.span_id.hex(),
        "operationName": span.name,
        "references": list(_references(span)),
        "startTime": start // 1000,
        "duration": max(0, end - start) // 1000,
        "tags": [*_scope_tags(scope), *map(_tag, span.attributes), *_field_tags(span)],
        "logs": [_log(event) for event in span.events],
        "processID": process,
        "warnings": None,
    }


def _scope_tags(scope: InstrumentationScope) -> Iterator[Object]:
    yield from _said("otel.scope.name", scope.name)
    yield from _said("otel.scope.version", scope.version)


def _field_tags(span: Span) -> Iterator[Object]:
    yield from _said("span.kind", KINDS[span.kind] if span.kind < len(KINDS) else "")
    yield from _said("otel.status_code", _STATUS.get(span.status.code, ""))
    if span.status.code == Status.STATUS_CODE_ERROR:
        yield {"key": "error", "type": "bool", "value": True}
    yield from _said("otel.status_description", span.status.message)
    yield from _said("w3c.tracestate", span.trace_state)


def _said(key: str, text: str) -> Iterator[Object]:
    if text:
        yield {"key": key, "type": "string", "value": text}


def _references(span: Span) -> Iterator[Object]:
    """The parent first; a link to the parent only says what kind of reference it is."""
    kinds = {(link.trace_id, link.span_id): _kind(link) for link in span.links}
    parent = (span.trace_id, span.parent_span_id)
    if span.parent_span_id.strip(b"\0"):
        yield _reference(kinds.get(parent, "CHILD_OF"), *parent)
    for link in span.links:
        if (link.trace_id, link.span_id) != parent:
            yield _reference(_kind(link), link.trace_id, link.span_id)


def _kind(link: Span.Link) -> str:
    values = [_text(pair.value) for pair in link.attributes if pair.key == _REFERENCE]
    return "CHILD_OF" if values == ["child_of"] else "FOLLOWS_FROM"


def _reference(kind: str, trace: bytes, span: bytes) -> Object:
    return {"refType": kind, "traceID": _trace_id(trace.hex()), "spanID": span.hex()}


def _log(event: Span.Event) -> Object:
    named = event.name and all(pair.key != "event" for pair in event.attributes)
    name: list[Object] = [{"key": "event", "type": "string", "value": event.name}] if named else []
    fields = [*name, *map(_tag, event.attributes)]
    return {"timestamp": event.time_unix_nano // 1000, "fields": fields}


def _tag(pair: KeyValue) -> Object:
    kind, plain = pair.value.WhichOneof("value"), _plain(pair.value)
    if kind == "int_value":
        value = plain if abs(plain) <= _SAFE_INTEGER else str(plain)
        return {"key": pair.key, "type": "int64", "value": value}
    if isinstance(plain, bool | float):
        return {"key": pair.key, "type": _TYPES[type(plain)], "value": plain}
    type_name = "binary" if kind == "bytes_value" else "string"
    return {"key": pair.key, "type": type_name, "value": _text(pair.value)}


_TYPES: Final = {bool: "bool", float: "float64"}


def _text(value: AnyValue) -> str:
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return "" if plain is None else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: AnyValue) -> Any:
    """As JSON has it: bytes are base64, a number that JSON lacks is its name."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        pairs = sorted(value.kvlist_value.values, key=lambda pair: pair.key)
        return {pair.key: _plain(pair.value) for pair in pairs}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind == "double_value" and not math.isfinite(value.double_value):
        return str(value.double_value)
    return getattr(value, kind) if kind else None


def _trace_id(hex_id: str) -> str:
    return hex_id[16:] if len(hex_id) > 16 and not hex_id[:16].strip("0") else hex_id  # noqa: PLR2004 # hex digits of 64 bits
