"""Judgements over HTTP: stored as telemetry, refused in one line."""

import http.client
import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.demo import run_agent
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import load
from spanledger_exporters.tuning.calls import dataset_sql

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Collector]:
    data = tmp_path_factory.mktemp("ledger")
    ports = {"grpc_port": 0, "http_port": 0, "ui_port": 0, "jaeger_port": "off"}
    with collector(load(data=data, **ports)) as started:
        run_agent(started.grpc, "the-run")
        yield started


def post(running: Collector, body: object, headers: dict[str, str] | None = None) -> Any:
    """The status and the answer's JSON."""
    connection = http.client.HTTPConnection(running.ui.removeprefix("http://"), timeout=60)
    text = body if isinstance(body, str) else json.dumps(body)
    connection.request("POST", "/api/feedback", text.encode(), JSON if headers is None else headers)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def plan_id(running: Collector) -> str:
    return str(Ledger(running.data).sql("SELECT plan_id FROM plans").fetchall()[0][0])


def told(running: Collector, name: str) -> list[tuple[Any, ...]]:
    text = dataset_sql("feedback").split(";\n", 1)[1]
    rows = Ledger(running.data).sql(
        f"SELECT plan_id, step_id, label, score, explanation, good FROM ({text}) WHERE name = $1",
        [name],
    )
    return rows.fetchall()


def test_a_plan_is_judged_and_the_judgement_is_telemetry_at_once(running: Collector) -> None:
    plan = plan_id(running)
    sent = {"kind": "plan", "id": plan, "label": "good", "name": "taste", "note": "all right"}
    status, answer = post(running, sent)
    assert status == 201
    assert answer["plan_id"] == plan
    assert answer["label"] == "good"
    assert told(running, "taste") == [(plan, None, "good", None, "all right", True)]


def test_a_step_is_named_by_its_plan_and_its_title_or_id(running: Collector) -> None:
    plan = plan_id(running)
    step, title = Ledger(running.data).sql("SELECT step_id, title FROM plan_steps").fetchall()[0]
    for kind, name in (("step", title), ("plan", step)):
        sent = {"kind": kind, "id": plan, "step": name, "score": 0.25, "name": kind}
        status, answer = post(running, sent)
        assert (status, answer["step_id"]) == (201, step)
        assert told(running, kind) == [(plan, step, None, 0.25, None, False)]


GOOD: dict[str, object] = {"kind": "session", "id": "nobody", "label": "good"}


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (GOOD, 404, "there is no session 'nobody'"),
        ({**GOOD, "kind": "step"}, 400, "a step is named by"),
        ({**GOOD, "step": "x"}, 400, "a step is named by"),
        ({**GOOD, "kind": "world"}, 400, "kind: "),
        ({**GOOD, "colour": "red"}, 400, "colour: "),
        ({**GOOD, "label": 5}, 400, "label: "),
        ({**GOOD, "score": "1"}, 400, "score: "),
        ('{"kind": "session", "id": "x", "score": NaN}', 400, "score: "),
        ({"kind": "session", "id": "nobody"}, 400, "say what you think of it"),
        ({"label": "good"}, 400, "kind: "),
        ("[1]", 400, "the body: "),
        ("{", 400, "the body: "),
        ("", 400, "the body: "),
        ({**GOOD, "note": "a" * 70_000}, 413, "over 64 KiB"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    running: Collector, body: object, status: int, words: str
) -> None:
    code, answer = post(running, body)
    assert code == status
    assert words in answer["error"]
    assert "\n" not in answer["error"]


def test_other_sites_and_other_content_types_are_kept_out(running: Collector) -> None:
    sent = {"kind": "plan", "id": plan_id(running), "label": "good", "name": "stranger"}
    for headers in (
        {**JSON, "Origin": "http://evil.example"},
        {**JSON, "Host": "evil.example"},
        {**JSON, "Sec-Fetch-Site": "cross-site"},
    ):
        assert post(running, sent, headers)[0] == 403
    assert post(running, sent, {"Content-Type": "text/plain"})[0] == 415
    assert post(running, sent, {})[0] == 415
    assert told(running, "stranger") == []
    assert post(running, sent, {**JSON, "Origin": running.ui})[0] == 201


def test_nothing_but_post_is_answered(running: Collector) -> None:
    connection = http.client.HTTPConnection(running.ui.removeprefix("http://"), timeout=10)
    connection.request("GET", "/api/feedback")
    assert connection.getresponse().status == 405
    connection.close()


def test_the_command_judges_while_a_server_runs_on_the_directory(running: Collector) -> None:
    plan = plan_id(running)
    command = [sys.executable, "-m", "spanledger", "feedback", "--plan", plan, "--label", "bad"]
    more = ["--name", "command", "--data", str(Path(running.data))]
    done = subprocess.run([*command, *more], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, f"spanledger: noted: plan {plan} is bad\n")
    assert [row[2] for row in told(running, "command")] == ["bad"]
