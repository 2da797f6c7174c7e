"""Jaeger's HTTP JSON on the UI port: what Jaeger's page and Grafana's data source call."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from starlette.applications import Starlette

from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.receiving.web import serve_app
from spanledger_exporters.viewing import jaeger_http
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import FOUR, MS, START_NS, fetch, trace_id

TIMES = {
    "query.startTimeMin": "2026-11-18T00:00:00.5Z",
    "query.startTimeMax": "2026-11-19T00:00:00+01:00",
}
SHORT_ID = trace_id(1)[16:]


@pytest.fixture(scope="module")
def at(reader: TraceReader) -> Generator[str]:
    """The URL of a server with nothing but these routes."""
    server = serve_app(Starlette(routes=jaeger_http.routes(reader)), "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def get(at: str, path: str, **query: str) -> tuple[int, Any]:
    status, body = fetch(f"{at}{path}?{urlencode(query)}")
    return status, json.loads(body)


def test_services_of_both_dialects(at: str) -> None:
    names = ["OTLPResourceNoServiceName", "db", "shop"]
    assert get(at, "/api/services") == (
        200,
        {"data": names, "total": 3, "limit": 0, "offset": 0, "errors": None},
    )
    assert get(at, "/api/v3/services") == (200, {"services": names})


def test_operations_of_both_dialects(at: str) -> None:
    assert get(at, "/api/services/db/operations")[1]["data"] == ["SELECT", "lost"]
    found = get(at, "/api/operations", service="db", spanKind="server")[1]
    assert found["data"] == [{"name": "SELECT", "spanKind": "server"}]
    assert found["total"] == 1
    assert get(at, "/api/v3/operations", service="db")[1] == {
        "operations": [
            {"name": "SELECT", "spanKind": "server"},
            {"name": "lost", "spanKind": "internal"},
        ]
    }


def test_a_trace_in_v1(at: str) -> None:
    status, body = get(at, f"/api/traces/{trace_id(1)}")
    assert (status, body["errors"]) == (200, None)
    (trace,) = body["data"]
    assert trace.keys() == {"traceID", "spans", "processes", "warnings"}
    assert trace["traceID"] == SHORT_ID
    spans = {span["operationName"]: span for span in trace["spans"]}
    root = spans["GET /cart"]
    assert (root["startTime"], root["duration"]) == (START_NS // 1000, 50 * MS // 1000)
    assert root["references"] == []
    assert spans["SELECT"]["references"] == [
        {"refType": "CHILD_OF", "traceID": SHORT_ID, "spanID": "0000000000000002"}
    ]
    services = {p["serviceName"] for p in trace["processes"].values()}
    assert services == {"shop", "db"}
    assert trace["processes"][spans["SELECT"]["processID"]]["serviceName"] == "db"
    tags = {tag["key"]: (tag["type"], tag["value"]) for tag in root["tags"]}
    assert tags["times"] == ("int64", 123)
    assert tags["cached"] == ("bool", True)
    assert tags["span.kind"] == ("string", "server")
    assert {"key": "error", "type": "bool", "value": True} in spans["SELECT"]["tags"]


def test_a_trace_in_v3_is_otlp(at: str) -> None:
    status, body = get(at, f"/api/v3/traces/{SHORT_ID}")
    assert status == 200
    text = json.dumps(body["result"]).encode()
    sent = TracesData.FromString(otlp_json.parse("spans", text).payload)
    spans = [s for r in sent.resource_spans for c in r.scope_spans for s in c.spans]
    assert {s.name for s in spans} == {"GET /cart", "query", "SELECT", "lost"}
    assert body["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] == trace_id(1)


def test_a_trace_that_is_not_there_is_404_and_never_an_empty_list(at: str) -> None:
    status, body = get(at, "/api/traces/0404")
    assert status == 404
    assert body["data"] is None
    assert body["errors"] == [{"code": 404, "msg": "trace not found"}]
    assert get(at, "/api/v3/traces/0404") == (
        404,
        {"error": {"httpCode": 404, "message": "No traces found"}},
    )


def test_what_is_no_trace_id_is_400(at: str) -> None:
    assert get(at, "/api/traces/hello!")[0] == 400
    assert get(at, "/api/v3/traces/hello!")[1]["error"]["httpCode"] == 400


def test_search_in_v1_as_grafana_asks(at: str) -> None:
    tags = json.dumps({key: str(value).lower() for key, value in FOUR.items()})
    found = get(at, "/api/traces", service="shop", tags=tags, limit="2", minDuration="1ms")[1]
    assert [trace["traceID"] for trace in found["data"]] == [trace_id(n)[16:] for n in (6, 5)]
    start = str(START_NS // 1000 + 9_500_000)
    later = get(at, "/api/traces", service="shop", start=start, end=str(START_NS))[1]
    assert [trace["traceID"] for trace in later["data"]] == [trace_id(11)[16:]]
    assert get(at, "/api/traces", service="nobody")[1]["data"] == []


def test_v1_search_by_ids_tells_which_are_missing(at: str) -> None:
    status, body = fetch(f"{at}/api/traces?traceID=2&traceID=0404")
    found = json.loads(body)
    assert status == 200
    assert len(found["data"]) == 1
    assert found["errors"] == [{"msg": "trace not found", "traceID": trace_id(0x404)}]


def test_search_in_v3_as_the_page_asks(at: str) -> None:
    attributes = json.dumps({"who": "ann", "cached": "true"})
    query = {"query.serviceName": "shop", "query.attributes": attributes, **TIMES}
    found = get(at, "/api/v3/trace-summaries", **query, **{"query.searchDepth": "1"})[1]
    (summary,) = found["summaries"]
    assert summary["traceId"] == trace_id(6)
    assert summary["minStartTimeUnixNano"] == str(START_NS + 5000 * MS)
    assert summary["services"] == [{"name": "shop", "spanCount": 1, "errorSpanCount": 0}]
    whole = get(at, "/api/v3/traces", **query)[1]["result"]["resourceSpans"]
    assert len(whole) == 6 + 1  # the first trace has two services


def test_a_search_in_v3_without_times_says_what_is_missing(at: str) -> None:
    status, body = get(at, "/api/v3/traces")
    assert status == 400
    assert "query.startTimeMin" in body["error"]["message"]


def test_dependencies(at: str) -> None:
    end = str(START_NS // MS + 60_000)
    found = get(at, "/api/dependencies", endTs=end, lookback="3600000")[1]
    assert found["data"] == [{"parent": "shop", "child": "db", "callCount": 1}]
    assert get(at, "/api/dependencies", endTs=end, service="x")[1]["data"] == []


def test_a_question_that_takes_too_long_is_504(reader: TraceReader) -> None:
    app = Starlette(routes=jaeger_http.routes(reader, limit_s=0.0))
    server = serve_app(app, "127.0.0.1", 0)
    status, body = get(f"http://127.0.0.1:{server.port}", "/api/v3/services")
    server.stop()
    assert (status, body["error"]["httpCode"]) == (504, 504)


def test_a_damaged_ledger_is_503(tmp_path: Path, data: Path) -> None:
    (tmp_path / "ledger.duckdb").write_bytes((data / "ledger.duckdb").read_bytes())
    server = serve_app(Starlette(routes=jaeger_http.routes(TraceReader(tmp_path))), "127.0.0.1", 0)
    (tmp_path / "ledger.duckdb").write_bytes(b"no database" * 1000)
    status, body = get(f"http://127.0.0.1:{server.port}", "/api/services")
    server.stop()
    assert status == 503
    assert "spanledger rebuild" in body["errors"][0]["msg"]
