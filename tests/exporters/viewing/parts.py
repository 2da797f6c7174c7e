"""What the tests of viewers share: spans to look for, and a client of Jaeger's storage API."""

import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status, TracesData

from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing import jaeger_proto as proto

START_NS = 1_795_000_000_000_000_000
MS = 1_000_000
Value = str | bool | int | float | bytes

FOUR: dict[str, Value] = {"who": "ann", "times": 123, "ratio": 72.5, "cached": True}
"""An attribute of each kind."""


def any_value(value: Value) -> dict[str, Any]:
    kind = {str: "string", bool: "bool", int: "int", float: "double", bytes: "bytes"}[type(value)]
    return {f"{kind}_value": value}


def attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(**any_value(v))) for key, v in values.items()]


def asked(key: str, value: Value) -> dict[str, object]:
    """An attribute of a TraceQueryParameters."""
    return {"key": key, "value": any_value(value)}


def trace_id(number: int) -> str:
    return f"{number:032x}"


def span(trace: int, number: int = 1, name: str = "work", **more: Any) -> Span:
    """A span; `at_ms` after START_NS, `ms` long; other arguments are fields of Span."""
    start = START_NS + more.pop("at_ms", 0) * MS
    parent = more.pop("parent", 0)
    return Span(
        trace_id=bytes.fromhex(trace_id(trace)),
        span_id=number.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=start + more.pop("ms", 10) * MS,
        **more,
    )


def request(
    *spans: Span,
    service: str | None = "shop",
    resource: Mapping[str, Value] | None = None,
    scope: Mapping[str, Value] | None = None,
) -> bytes:
    """A serialized export request with one resource and one scope."""
    made = ExportTraceServiceRequest()
    resources = made.resource_spans.add()
    named: dict[str, Value] = {} if service is None else {"service.name": service}
    resources.resource.attributes.extend(attributes({**named, **(resource or {})}))
    scopes = resources.scope_spans.add()
    scopes.scope.name, scopes.scope.version = "lib", "1.2"
    scopes.scope.attributes.extend(attributes(scope or {}))
    scopes.spans.extend(spans)
    return made.SerializeToString()


def fill(directory: Path, payloads: Iterable[bytes]) -> Path:
    store = Store.open(directory, StoreOptions(durability="write"))
    for payload in payloads:
        store.intake.submit("spans", payload).result()
    store.close()
    return directory


def event(values: Mapping[str, Value]) -> Span.Event:
    return Span.Event(time_unix_nano=START_NS, name="note", attributes=attributes(values))


def link(values: Mapping[str, Value]) -> Span.Link:
    return Span.Link(
        trace_id=bytes.fromhex(trace_id(77)), span_id=(7).to_bytes(8), attributes=attributes(values)
    )


def a_ledger() -> list[bytes]:
    """Traces 1 to 6 have the four attributes in a place each, 7 to 11 one property each."""
    one, two, three, four = ({key: value} for key, value in FOUR.items())
    failed = Status(code=Status.STATUS_CODE_ERROR, message="no such table")
    return [
        request(
            span(1, 1, "GET /cart", kind=Span.SPAN_KIND_SERVER, ms=50, attributes=attributes(FOUR)),
            span(1, 2, "query", parent=1, at_ms=5, kind=Span.SPAN_KIND_CLIENT),
        ),
        request(
            span(1, 3, "SELECT", parent=2, at_ms=6, kind=Span.SPAN_KIND_SERVER, status=failed),
            span(1, 4, "lost", parent=99, at_ms=7),
            service="db",
        ),
        request(span(2, at_ms=1000, events=[event({}), event(FOUR)])),
        request(span(3, at_ms=2000), resource=FOUR),
        request(span(4, at_ms=3000), scope=FOUR),
        request(span(5, at_ms=4000, links=[link(FOUR)])),
        request(
            span(6, at_ms=5000, attributes=attributes(one), events=[event(two)]),
            resource=three,
            scope=four,
        ),
        # No span of this trace has all four.
        request(
            span(7, 1, at_ms=6000, attributes=attributes({"who": "ann"})),
            span(7, 2, at_ms=6001, attributes=attributes({"times": 123, "ratio": 72.5})),
        ),
        # An id twice, with different content; and the second again, as a retry would send it.
        request(span(8, 1, "first", at_ms=7000), span(8, 1, "second", at_ms=7001)),
        request(span(8, 1, "second", at_ms=7001)),
        request(span(9, 1, "nameless", at_ms=8000), service=None),
        # 3 MB, in spans of 2 kB and one of 1.2 MB.
        request(
            *(
                span(10, number, at_ms=9000, attributes=attributes({"text": "x" * 2000}))
                for number in range(1, 900)
            ),
            span(10, 900, at_ms=9001, attributes=attributes({"text": "y" * 1_200_000})),
        ),
        request(span(11, 1, "slow", at_ms=10_000, ms=4000)),
    ]


@dataclass(frozen=True)
class Client:
    """Calls `jaeger.storage.v2` as Jaeger does."""

    channel: grpc.Channel

    def ask(self, of: str, name: str, /, timeout: float = 60, **fields: object) -> Any:
        """The message of a call that has one answer."""
        method: Any = self.channel.unary_unary(f"/{proto.PACKAGE}.{of}/{name}")
        data = method(proto.new(f"{name}Request", **fields).SerializeToString(), timeout=timeout)
        return proto.parse(f"{name}Response", data)

    def stream(self, name: str, /, timeout: float = 60, **fields: object) -> list[bytes]:
        """All messages of a call of TraceReader's that has many."""
        method: Any = self.channel.unary_stream(f"/{proto.PACKAGE}.TraceReader/{name}")
        request = proto.new(f"{name}Request", **fields).SerializeToString()
        return list(method(request, timeout=timeout))

    def find(self, **query: object) -> list[int]:
        """The numbers of the traces that a search finds, in order."""
        found = self.ask("TraceReader", "FindTraceIDs", query=jaeger_query(**query))
        return [int.from_bytes(each.trace_id) for each in found.trace_ids]


def jaeger_query(**query: object) -> dict[str, object]:
    """A TraceQueryParameters as Jaeger sends it: what is not asked for is Go's zero time, or 0."""
    zero_time = {"seconds": -62_135_596_800}
    unset: dict[str, object] = {
        "start_time_min": zero_time,
        "start_time_max": zero_time,
        "duration_min": {},
        "duration_max": {},
        "search_depth": 100,
    }
    return unset | query


def spans_of(messages: Iterable[bytes]) -> list[Span]:
    return [
        span
        for message in messages
        for resource in TracesData.FromString(message).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def fetch(url: str) -> tuple[int, bytes]:
    """Status and body of a GET on loopback."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    connection.request("GET", f"{where.path}?{where.query}" if where.query else where.path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body
