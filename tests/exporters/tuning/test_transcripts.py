"""Hold trajectories to ATIF's rules, and to the way back."""

import json
from pathlib import Path
from typing import Any

from spanledger_exporters.tuning.calls import sessions
from spanledger_exporters.tuning.exporting import export
from spanledger_exporters.tuning.options import Format, Options
from spanledger_exporters.tuning.transcripts import atif, lanes, read_atif

from .recorded import Copied

AGENT_ONLY = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
STEP = AGENT_ONLY | {
    "step_id",
    "timestamp",
    "source",
    "message",
    "observation",
    "is_copied_context",
    "llm_call_count",
    "extra",
}
ROOT = {
    "schema_version",
    "session_id",
    "trajectory_id",
    "agent",
    "steps",
    "notes",
    "final_metrics",
    "continued_trajectory_ref",
    "extra",
    "subagent_trajectories",
}


def follows_atif(trajectory: dict[str, Any]) -> None:
    """The rules of ATIF's published models (RFC 0001, v1.7): no unknown field, ids in order."""
    assert set(trajectory) <= ROOT
    assert trajectory["schema_version"] == "ATIF-v1.7"
    assert {"name", "version"} <= set(trajectory["agent"])
    for number, step in enumerate(trajectory["steps"], 1):
        assert set(step) <= STEP
        assert step["step_id"] == number
        assert step["source"] == "agent" or not AGENT_ONLY & set(step)
        asked = {call["tool_call_id"] for call in step.get("tool_calls", [])}
        assert all(isinstance(call["arguments"], dict) for call in step.get("tool_calls", []))
        results = step.get("observation", {"results": []})["results"]
        assert {result["source_call_id"] for result in results} <= asked


def test_a_trajectory_follows_the_published_rules(ledger: Copied, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    export(ledger, Options(Format.ATIF, out), lambda _done, _all: None)
    for line in out.read_text().splitlines():
        follows_atif(json.loads(line))


def test_a_trajectory_gives_conversation_and_plans_back(ledger: Copied) -> None:
    with ledger.connect() as db:
        session = next(sessions(db, lambda _done, _all: None))
    trajectory = atif(session)
    assert trajectory is not None
    said, plans = read_atif(json.loads(json.dumps(trajectory)))
    lines = [line.said for line in lanes(session)[0][1]]
    assert [(s.role, s.content, s.answers) for s in said] == [
        (s.role, s.content, s.answers) for s in lines
    ]
    calls = [[(c.id, c.name, json.loads(c.arguments)) for c in s.calls] for s in said]
    assert calls == [[(c.id, c.name, json.loads(c.arguments)) for c in s.calls] for s in lines]
    assert [plan["plan_id"] for plan in plans] == [plan.plan_id for plan in session.plans]
