"""Serve Jaeger's HTTP JSON, both dialects.

Grafana's data source reads v1, of which Jaeger itself dropped most after 2.20; Jaeger's page reads
v3 and, of v1, single traces and dependencies.
"""

import time
from collections.abc import Callable, Iterable
from typing import Final

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanledger_exporters.errors import BadRequestError, LedgerError, NotFoundError
from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.viewing import jaeger_params as params
from spanledger_exporters.viewing import jaeger_v1
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.trace_reader import TraceReader, TraceSummary
from spanledger_exporters.viewing.yielding import yield_to_receivers

LIMIT_S: Final = 30.0
_DAY_MS: Final = 86_400_000
_NS_A_MS: Final = 1_000_000

Answer = Callable[[Request, Deadline], Response]
Failed = Callable[[int, str], Response]


def routes(reader: TraceReader, limit_s: float = LIMIT_S) -> list[Route]:
    """To be put into a Starlette application; each request is answered in a thread."""
    v1, v3 = _V1(reader), _V3(reader)
    answers: dict[str, tuple[Answer, Failed]] = {
        "/api/services": (v1.services, _v1_failed),
        "/api/services/{service:path}/operations": (v1.operation_names, _v1_failed),
        "/api/operations": (v1.operations, _v1_failed),
        "/api/traces": (v1.search, _v1_failed),
        "/api/traces/{trace}": (v1.trace, _v1_failed),
        "/api/dependencies": (v1.dependencies, _v1_failed),
        "/api/v3/services": (v3.services, _v3_failed),
        "/api/v3/operations": (v3.operations, _v3_failed),
        "/api/v3/traces": (v3.search, _v3_failed),
        "/api/v3/traces/{trace}": (v3.trace, _v3_failed),
        "/api/v3/trace-summaries": (v3.summaries, _v3_failed),
    }
    return [
        Route(path, _endpoint(answer, failed, limit_s))
        for path, (answer, failed) in answers.items()
    ]


def _endpoint(answer: Answer, failed: Failed, limit_s: float) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        yield_to_receivers()
        try:
            return answer(request, Deadline(limit_s))
        except BadRequestError as error:
            return failed(400, str(error))
        except NotFoundError as error:
            return failed(404, str(error))
        except TimeoutError as error:
            return failed(504, str(error))
        except LedgerError as error:
            return failed(503, str(error))

    return endpoint


def _v1_failed(code: int, reason: str) -> Response:
    return JSONResponse(_v1(None, errors=[{"code": code, "msg": reason}]), code)


def _v3_failed(code: int, reason: str) -> Response:
    return JSONResponse({"error": {"httpCode": code, "message": reason}}, code)


def _v1(data: object, total: int = 0, errors: object = None) -> dict[str, object]:
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors}


class _V1:
    """`{"data": ..., "total", "limit", "offset", "errors"}`."""

    def __init__(self, reader: TraceReader) -> None:
        self._reader = reader

    def services(self, _request: Request, deadline: Deadline) -> Response:
        found = self._reader.services(deadline)
        return JSONResponse(_v1(found, len(found)))

    def operation_names(self, request: Request, deadline: Deadline) -> Response:
        found = self._reader.operations(request.path_params["service"], "", deadline)
        names = sorted({name for name, _ in found})
        return JSONResponse(_v1(names, len(names)))

    def operations(self, request: Request, deadline: Deadline) -> Response:
        service = request.query_params.get("service", "")
        if not service:
            raise BadRequestError("parameter 'service' is required")
        kind = params.span_kind(request.query_params)
        found = self._reader.operations(service, kind, deadline)
        data = [{"name": name, "spanKind": kind} for name, kind in found]
        return JSONResponse(_v1(data, len(data)))

    def search(self, request: Request, deadline: Deadline) -> Response:
        query = request.query_params
        asked = [params.trace_id(text) for text in query.getlist("traceID")]
        ids = asked or self._reader.find(params.v1_search(query), deadline)
        found = jaeger_v1.traces(self._reader.traces(ids, deadline))
        known = {str(trace["traceID"]).zfill(32) for trace in found}
        missing = [{"msg": "trace not found", "traceID": i} for i in asked if i not in known]
        return JSONResponse(_v1(found, errors=missing or None))

    def trace(self, request: Request, deadline: Deadline) -> Response:
        ids = [params.trace_id(request.path_params["trace"])]
        found = jaeger_v1.traces(self._reader.traces(ids, deadline))
        if not found:
            # Grafana takes the first of the list unseen: it must never get an empty one.
            raise NotFoundError("trace not found")
        return JSONResponse(_v1(found))

    def dependencies(self, request: Request, deadline: Deadline) -> Response:
        query = request.query_params
        end = params.whole(query, "endTs", _NS_A_MS) or time.time_ns()
        lookback = params.whole(query, "lookback", _NS_A_MS) or _DAY_MS * _NS_A_MS
        found = self._reader.dependencies(max(0, end - lookback), end, deadline)
        service = query.get("service", "")
        data = [
            {"parent": parent, "child": child, "callCount": calls}
            for parent, child, calls in found
            if service in {"", parent, child}
        ]
        return JSONResponse(_v1(data))


class _V3:
    """OTLP in `{"result": ...}`; faults in `{"error": {"httpCode", "message"}}`."""

    def __init__(self, reader: TraceReader) -> None:
        self._reader = reader

    def services(self, _request: Request, deadline: Deadline) -> Response:
        return JSONResponse({"services": self._reader.services(deadline)})

    def operations(self, request: Request, deadline: Deadline) -> Response:
        query = request.query_params
        kind = params.span_kind(query)
        found = self._reader.operations(query.get("service", ""), kind, deadline)
        data = [{"name": name, "spanKind": kind or "internal"} for name, kind in found]
        return JSONResponse({"operations": data})

    def search(self, request: Request, deadline: Deadline) -> Response:
        ids = self._reader.find(params.v3_search(request.query_params), deadline)
        return _otlp(self._reader.traces(ids, deadline))

    def trace(self, request: Request, deadline: Deadline) -> Response:
        ids = [params.trace_id(request.path_params["trace"])]
        return _otlp(self._reader.traces(ids, deadline))

    def summaries(self, request: Request, deadline: Deadline) -> Response:
        found = self._reader.summaries(params.v3_search(request.query_params), deadline)
        return JSONResponse({"summaries": [_summary(each) for each in found]})


def _otlp(chunks: Iterable[bytes]) -> Response:
    traces = TracesData()
    for chunk in chunks:
        traces.MergeFromString(chunk)
    if not traces.resource_spans:
        raise NotFoundError("No traces found")
    return Response(b'{"result":' + otlp_json.format(traces) + b"}", media_type="application/json")


def _summary(found: TraceSummary) -> dict[str, object]:
    services = [
        {"name": each.name, "spanCount": each.spans, "errorSpanCount": each.errors}
        for each in found.services
    ]
    return {
        "traceId": found.trace_id,
        "rootServiceName": found.root_service,
        "rootOperationName": found.root_operation,
        "minStartTimeUnixNano": str(found.start_ns),
        "maxEndTimeUnixNano": str(found.end_ns),
        "spanCount": found.spans,
        "errorSpanCount": found.errors,
        "orphanSpanCount": found.orphans,
        "services": services,
    }
