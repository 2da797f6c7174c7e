"""Canned reports over HTTP: what Infinity and scripts ask."""

import csv
import io
from collections.abc import Generator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from spanledger_exporters.demo import run_agent
from spanledger_exporters.reading.queries import reports
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load
from spanledger_exporters.viewing.reports import Reports


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Generator[TestClient]:
    data = tmp_path_factory.mktemp("ledger")
    ports = {"grpc_port": 0, "http_port": 0, "ui_port": 0, "jaeger_port": "off"}
    with collector(load(data=data, **ports)) as running:
        run_agent(running.grpc, "r")
        with TestClient(Starlette(routes=Reports(data).routes())) as asking:
            yield asking


def test_the_reports_are_listed_with_their_variables(client: TestClient) -> None:
    listed = client.get("/api/query").json()
    assert {entry["query"] for entry in listed} == set(reports())
    (trace,) = (entry for entry in listed if entry["query"] == "trace_tree")
    assert trace["variables"] == ["trace_id"]
    assert trace["header"].startswith("one row per ")


def test_a_report_is_json_unless_another_format_is_asked_for(client: TestClient) -> None:
    as_json = client.get("/api/query/plan_outcomes")
    assert as_json.headers["content-type"] == "application/json"
    (plan,) = as_json.json()
    assert plan["status"] == "completed"
    as_lines = client.get("/api/query/plan_outcomes?format=jsonl").text.splitlines()
    assert len(as_lines) == 1
    as_csv = client.get("/api/query/plan_outcomes?format=csv").text
    assert next(csv.DictReader(io.StringIO(as_csv)))["plan_id"] == plan["plan_id"]


def test_variables_narrow_and_empty_ones_do_not(client: TestClient) -> None:
    url = "/api/query/plan_outcomes"
    assert client.get(url, params={"status": "failed"}).json() == []
    assert len(client.get(url, params={"status": ""}).json()) == 1
    assert client.get(url, params={"status": "' OR true --"}).json() == []


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("nowhere", 404, "no query 'nowhere'"),
        ("plan_outcomes?colour=red", 400, "no variable 'colour'; it has: agent"),
        ("plan_outcomes?format=parquet", 400, "json, jsonl, csv"),
        ("..%2F..%2Fsecrets", 404, ""),
    ],
)
def test_a_wrong_question_is_told_so(client: TestClient, path: str, code: int, words: str) -> None:
    answer = client.get(f"/api/query/{path}")
    assert answer.status_code == code
    assert words in answer.text


def test_nothing_can_be_written(client: TestClient) -> None:
    assert client.post("/api/query/plan_outcomes").status_code == 405
