"""The example agent leaves the same ledger over OTLP as without a server."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load
from spanledger_exporters.storing.store import Store, StoreOptions

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "fix_the_build.py"
NAMES = ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER")
NOISE = re.compile(r".*nanobind| - ")
# A busy disk makes waits of locks that nobody has: those are left out.
WHO = "regexp_replace(owner, ':[0-9]+', '')"
QUESTIONS = {
    "plans": "SELECT goal, request, status, revision, steps_total, steps_done, steps_failed,"
    " input_tokens, output_tokens, round(cost_usd, 6), agent, dialect, source FROM plans",
    "plan_steps": "SELECT position, step_id, title, status, attempt, output, error, llm_calls,"
    " tool_calls, input_tokens, output_tokens, round(cost_usd, 6), lock_wait_ms > 50,"
    " identity_source FROM plan_steps ORDER BY position",
    "plan_step_history": "SELECT step_id, previous_status, status, revision, title, source"
    ' FROM plan_step_history ORDER BY "at", position, revision',
    "lock_waits": f"SELECT lock_key, operation, {WHO}, event, wait_ms > 50, step_id,"
    f" regexp_replace(holder, ':[0-9]+', ''), holder_operation, kind, agent FROM lock_waits"
    " WHERE holder IS NOT NULL",
    "lock_holders": f"SELECT lock_key, {WHO}, event, step_id, waiters FROM lock_holders"
    ' ORDER BY "at"',
    "errors": "SELECT type, message, code_function, agent, step_id, source,"
    " contains(locals, '\"hunk\": 1') FROM errors",
    "calls": "SELECT model, step_id, input_tokens, output_tokens, input_messages,"
    " output_messages FROM llm_calls ORDER BY started_at",
    "sessions": "SELECT agent, status, plans, llm_calls, tool_calls, errors FROM sessions",
    "spans": "SELECT agent_name, name, count(*), count(DISTINCT trace_id) FROM spans"
    " WHERE name <> 'lock wait' GROUP BY ALL ORDER BY ALL",
}
Rows = list[tuple[Any, ...]]


def play(**more: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "SPANLEDGER_"))}
    variables = kept | {"OTEL_METRICS_EXPORTER": "none"} | more
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # DuckDB counts at exit, now and then, what it has not freed; nothing else is said.
    said = [line for line in done.stderr.splitlines() if not NOISE.match(line)]
    assert (done.returncode, said) == (0, [])


def answers(data: Path) -> dict[str, Rows]:
    ledger = Ledger(data)
    return {name: ledger.sql(text).fetchall() for name, text in QUESTIONS.items()}


@pytest.fixture(scope="module")
def over_otlp(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    data = tmp_path_factory.mktemp("over-otlp")
    with collector(load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")) as on:
        play(OTEL_EXPORTER_OTLP_ENDPOINT=on.http)
    return answers(data)


@pytest.fixture(scope="module")
def without_a_server(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    data = tmp_path_factory.mktemp("without")
    # Made beforehand: the first opening may take longer than an exporter waits.
    Store.open(data, StoreOptions()).close()
    play(SPANLEDGER_DATA=str(data), **dict.fromkeys(NAMES, "spanledger"))
    return answers(data)


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_ways_leave_the_same_ledger(
    over_otlp: dict[str, Rows], without_a_server: dict[str, Rows], question: str
) -> None:
    assert over_otlp[question]
    assert without_a_server[question] == over_otlp[question]


def test_the_plan_was_changed_and_completed(over_otlp: dict[str, Rows]) -> None:
    ((goal, _, *rest),) = over_otlp["plans"]
    assert goal == "Make the build pass"
    assert rest == ["completed", 2, 4, 4, 0, 210, 20, 0.00029, "fixer", "native", "native"]


def test_each_step_went_through_its_words_in_order(over_otlp: dict[str, Rows]) -> None:
    words: dict[str, list[str]] = {}
    for step, _, status, *_ in over_otlp["plan_step_history"]:
        words.setdefault(step, []).append(status)
    assert words == {
        "read-the-log": ["queued", "running", "done"],
        "patch-the-parser": ["queued", "running", "failed", "running", "done"],
        "add-a-test": ["queued", "running", "done"],
        "run-the-tests": ["queued", "running", "done"],
    }


def test_waiter_and_holder_name_each_other(over_otlp: dict[str, Rows]) -> None:
    ((key, _, owner, event, waited, step, holder, *_),) = over_otlp["lock_waits"]
    assert (key, owner, holder) == ("workspace", "fixer", "reviewer")
    assert (event, waited, step) == ("acquired", True, "patch-the-parser")
    assert [row[1:] for row in over_otlp["lock_holders"]] == [
        ("reviewer", "released", None, 1),
        ("fixer", "released", "patch-the-parser", 0),
        ("fixer", "released", "patch-the-parser", 0),
    ]


def test_the_failure_is_told_once_with_its_variables(over_otlp: dict[str, Rows]) -> None:
    ((kind, message, function, agent, step, _, has_hunk),) = over_otlp["errors"]
    assert (kind, function) == ("__main__.PatchError", "__main__.patch")
    assert message == "hunk 1 does not apply to 2 lines"
    assert (agent, step, has_hunk) == ("fixer", "patch-the-parser", True)
