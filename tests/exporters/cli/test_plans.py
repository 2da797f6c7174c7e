"""`plans`, `plan`, `sessions`, `session` and `trace` show the recorded run."""

import json
from pathlib import Path

from .command import RUN_NAME, Run

HISTORIES = {
    "Read the build log": ["queued", "running", "done"],
    "Patch the parser": ["queued", "running", "failed", "running", "done"],
    "Update the changelog": ["queued", "removed"],
    "Add a test for empty input": ["queued", "running", "done"],
    "Run the tests": ["queued", "running", "done"],
}


def test_plans_show_every_step_with_its_history(run: Run, data: Path) -> None:
    (plan,) = json.loads(run("plans", "--data", data, "--format", "json").out)
    assert plan["plan_id"] == RUN_NAME
    assert plan["status"] == "completed"
    assert plan["revision"] == 2
    found = {step["title"]: [h["status"] for h in step["history"]] for step in plan["steps"]}
    assert found == HISTORIES


def test_the_table_has_a_line_a_step(run: Run, data: Path) -> None:
    shown = run("plans", "--data", data).out
    assert "Make the failing build pass  completed" in shown
    (line,) = (line for line in shown.splitlines() if "Patch the parser" in line)
    assert "queued → running → failed → running → done" in line
    assert "3,110 in 398 out" in line
    assert "hunk 2 does not apply" in line


def test_a_plan_is_found_by_the_beginning_of_its_id(run: Run, data: Path) -> None:
    ran = run("plan", RUN_NAME[:4], "--data", data, "--format", "json")
    assert json.loads(ran.out)[0]["plan_id"] == RUN_NAME


def test_what_is_not_there_is_exit_3(run: Run, data: Path) -> None:
    for command in ("plan", "session", "trace"):
        ran = run(command, "f00", "--data", data)
        assert (ran.code, ran.err) == (3, f"spanledger: there is no {command} f00\n")


def test_sessions_count_calls_tokens_and_cost(run: Run, data: Path) -> None:
    (session,) = json.loads(run("sessions", "--data", data, "--format", "json").out)
    assert session["session_id"] == RUN_NAME
    assert (session["llm_calls"], session["tool_calls"]) == (5, 5)
    assert (session["input_tokens"], session["output_tokens"]) == (8140, 737)
    assert round(session["cost_usd"], 6) == 0.00946


def test_a_session_shows_its_plans_models_and_tools(run: Run, data: Path) -> None:
    (session,) = json.loads(run("session", RUN_NAME, "--data", data, "--format", "json").out)
    assert [plan["plan_id"] for plan in session["plan_list"]] == [RUN_NAME]
    assert session["models"] == [
        {"model": "demo-model", "calls": 5, "input_tokens": 8140, "output_tokens": 737}
    ]
    assert {"tool": "apply_patch", "calls": 2, "failed": 1} in session["tools"]
    shown = run("session", RUN_NAME, "--data", data).out
    assert "demo-model" in shown
    assert "apply_patch" in shown


def test_a_trace_is_a_tree(run: Run, data: Path) -> None:
    text = "SELECT DISTINCT trace_id FROM spans"
    (row,) = json.loads(run("sql", text, "--data", data, "--format", "json").out)
    head, _, root, *rest = run("trace", row["trace_id"][:9], "--data", data).out.splitlines()
    assert head.startswith(f"trace {row['trace_id']}  18 spans")
    assert root.startswith("invoke_agent fixer")
    assert rest[0].startswith("  plan fixer")
    assert rest[1].startswith("  step")
    assert rest[2].startswith("    execute_tool read_file")
    (failed,) = (line for line in rest if "PatchError" in line and "apply_patch" in line)
    assert failed.startswith("    execute_tool apply_patch")
