"""What an agent in another process tells is in the ledger, with a server and without."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import load

AGENT = Path(__file__).with_name("agent.py")
Rows = list[tuple[Any, ...]]


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "SPANLEDGER_"))}
    return kept | {"OTEL_METRICS_EXPORTER": "none"}


def sending_to(running: Collector, protocol: str) -> dict[str, str]:
    endpoint = f"http://{running.grpc}" if protocol == "grpc" else running.http
    return environment() | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }


def run(mode: str, name: str, variables: dict[str, str]) -> None:
    command = [sys.executable, str(AGENT), mode, name]
    subprocess.run(command, env=variables, check=True, timeout=120)


def run_and_kill(name: str, variables: dict[str, str]) -> None:
    command = [sys.executable, str(AGENT), "endless", name]
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE) as agent:
        assert agent.stdout is not None
        assert agent.stdout.readline() == b"in the middle\n"
        # Events leave the process after 0.2 s.
        time.sleep(2.0)
        agent.kill()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """A ledger to which agents sent over HTTP and gRPC, or wrote themselves."""
    data = tmp_path_factory.mktemp("data")
    found = load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")
    with collector(found) as running:
        over_http = sending_to(running, "http/protobuf")
        run("straight", "http", over_http)
        run("straight", "grpc", sending_to(running, "grpc"))
        for mode in ("threads", "tasks", "open"):
            run(mode, mode, over_http)
        run_and_kill("killed", over_http)
    names = ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER")
    into_file = dict.fromkeys(names, "spanledger") | {"SPANLEDGER_DATA": str(data)}
    run("straight", "file", environment() | into_file)
    return Ledger(data)


@pytest.fixture(scope="module")
def plans(ledger: Ledger) -> Rows:
    return ledger.sql(
        "SELECT plan_id, goal, status, revision, steps_total, steps_done, session_id, agent"
        " FROM plans"
    ).fetchall()


@pytest.fixture(scope="module")
def steps(ledger: Ledger) -> Rows:
    return ledger.sql(
        "SELECT plan_id, step_id, position, status, attempt, output, stdout, error, llm_calls,"
        " tool_calls FROM plan_steps ORDER BY position, step_id"
    ).fetchall()


@pytest.fixture(scope="module")
def calls(ledger: Ledger) -> Rows:
    return ledger.sql(
        "SELECT plan_id, step_id, provider, model, input_tokens, output_tokens, cost_usd,"
        " finish_reason, linked_by, input_messages, output_messages FROM llm_calls ORDER BY step_id"
    ).fetchall()


@pytest.fixture(scope="module")
def history(ledger: Ledger) -> Rows:
    return ledger.sql(
        "SELECT plan_id, previous_status, status, revision FROM plan_step_history"
        " WHERE step_id = 'patch-it' ORDER BY \"at\""
    ).fetchall()


def of(rows: Rows, name: str) -> Rows:
    return [row[1:] for row in rows if row[0] == name]


@pytest.mark.parametrize("name", ["http", "grpc", "file"])
def test_the_ledger_holds_what_the_agent_did(
    plans: Rows, steps: Rows, calls: Rows, history: Rows, name: str
) -> None:
    assert of(plans, name) == [("Fix the build", "completed", 2, 4, 4, name, "fixer")]
    hunk = "hunk 2 does not apply"
    assert of(steps, name) == [
        ("read-the-log", 0, "done", 1, "3 errors", "E1\n", None, 1, 0),
        ("patch-it", 1, "done", 2, None, None, hunk, 0, 1),
        ("add-a-test", 2, "done", 1, None, None, None, 0, 1),
        ("run-the-tests", 3, "done", 1, None, None, None, 0, 1),
    ]
    ((*call, asked, answered),) = of(calls, name)
    assert call == ["read-the-log", "openai", "gpt-x-2", 100, 20, 0.5, "stop", "id"]
    assert "What is wrong?" in asked
    assert "Line 3." in answered
    assert of(history, name) == [
        (None, "queued", 1),
        ("queued", "running", 1),
        ("running", "failed", 1),
        ("failed", "running", 2),
        ("running", "done", 2),
    ]


@pytest.mark.parametrize("name", ["threads", "tasks"])
def test_calls_of_threads_and_tasks_count_for_their_own_steps(
    ledger: Ledger, steps: Rows, calls: Rows, name: str
) -> None:
    assert [(row[0], row[2], row[7]) for row in of(steps, name)] == [
        (title, "done", 1) for title in "abc"
    ]
    assert [(row[0], row[7]) for row in of(calls, name)] == [(title, "id") for title in "abc"]
    traces = "SELECT count(DISTINCT trace_id) FROM spans WHERE plan_id = $plan"
    assert ledger.sql(traces.replace("$plan", f"'{name}'")).fetchall() == [(1,)]


def test_a_step_that_was_killed_is_on_record_as_running(plans: Rows, steps: Rows) -> None:
    assert [(row[0], row[2]) for row in of(steps, "killed")] == [
        ("a", "done"),
        ("b", "running"),
        ("c", "queued"),
    ]
    assert of(plans, "killed")[0][1] == "active"


def test_a_plan_that_is_left_open_is_not_completed(plans: Rows, steps: Rows) -> None:
    assert of(plans, "open")[0][1] == "abandoned"
    assert [row[2] for row in of(steps, "open")] == ["running"]


def test_without_a_collector_the_agent_works_and_ends_in_time() -> None:
    variables = environment() | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    began = time.monotonic()
    run("straight", "nobody", variables)
    assert time.monotonic() - began < 15
