"""Translate between messages of `jaeger.storage.v2` and what the ledger is asked and answers."""

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from spanledger_exporters.decoding.values import dump, natural
from spanledger_exporters.viewing import jaeger_proto as proto
from spanledger_exporters.viewing.jaeger_search import Search, Value
from spanledger_exporters.viewing.trace_reader import TraceSummary

_TRACE_ID_BYTES: Final = 16
_LATEST_NS: Final = (1 << 63) - 1
_DEFAULT_DEPTH: Final = 100
_I32: Final = (1 << 31) - 1


def search_of(query: Any) -> Search:
    """A TraceQueryParameters as a search."""
    return Search(
        service=query.service_name,
        operation=query.operation_name,
        attributes=tuple((pair.key, _value(pair.value)) for pair in query.attributes),
        start_min_ns=nanoseconds(query.start_time_min),
        start_max_ns=nanoseconds(query.start_time_max),
        duration_min_ns=nanoseconds(query.duration_min),
        duration_max_ns=nanoseconds(query.duration_max),
        limit=query.search_depth if query.search_depth > 0 else _DEFAULT_DEPTH,
    )


def nanoseconds(time: Any) -> int:
    """A Timestamp or Duration; 0 when it is unset.

    Jaeger sends "no time" as the first of January of the year 1 (Go's zero time), which is
    62,135,596,800 seconds before 1970; and the year 9999 is more than 63 bits of nanoseconds.
    """
    return min(_LATEST_NS, max(0, int(time.seconds * 1_000_000_000 + time.nanos)))


def ids_of(request: Any) -> list[str]:
    """The ids of a GetTracesRequest in hex, each once."""
    padded = (query.trace_id.rjust(_TRACE_ID_BYTES, b"\0").hex() for query in request.query)
    return list(dict.fromkeys(padded))


def summaries(found: Iterable[TraceSummary]) -> Any:
    """A FindTraceSummariesResponse."""
    return proto.new("FindTraceSummariesResponse", summaries=[_summary(each) for each in found])


def _summary(found: TraceSummary) -> dict[str, object]:
    return {
        "trace_id": bytes.fromhex(found.trace_id),
        "root_service_name": found.root_service,
        "root_operation_name": found.root_operation,
        "min_start_time_unix_nano": max(0, found.start_ns),
        "max_end_time_unix_nano": max(0, found.end_ns),
        "span_count": min(_I32, found.spans),
        "error_span_count": min(_I32, found.errors),
        "orphan_span_count": min(_I32, found.orphans),
        "services": [
            {"name": each.name, "span_count": each.spans, "error_span_count": each.errors}
            for each in found.services
        ],
    }


def dependencies(found: Iterable[tuple[str, str, int]]) -> Any:
    """A GetDependenciesResponse."""
    calls = [
        {"parent": parent, "child": child, "call_count": count} for parent, child, count in found
    ]
    return proto.new("GetDependenciesResponse", dependencies=calls)


def _value(value: AnyValue) -> Value:
    """A scalar as it is; the rest as the text that the ledger has for it."""
    plain = natural(value)
    return plain if isinstance(plain, str | bool | int | float) else dump(plain)
