"""Judge a turn by what was said of it, by its tools, by its step."""

from dataclasses import replace
from typing import Any

import pytest

from spanledger_exporters.tuning.calls import Turn
from spanledger_exporters.tuning.chat import Call, Said, keys
from spanledger_exporters.tuning.judging import Judge
from spanledger_exporters.tuning.records import Feedback, Outcome, Row


def turn(*, ok: bool | None = True, decision: str | None = None, status: str = "done") -> Turn:
    whole = (Said("user", "go"), Said("assistant", "", (Call("c", "run", "{}"),)))
    nothing: dict[str, Any] = dict.fromkeys(Row._fields)
    row = Row(**nothing)._replace(
        session_id="s", plan_id="p", step_id="1", trace_id="t", span_id="x", step_status=status
    )
    outcome = Outcome("s", "c", "run", ok, decision)
    return Turn(row, whole[:1], whole[1], keys(whole), "[]", False, (outcome,))


def judge(*, good: bool, span: str | None = None, step: str | None = None) -> Judge:
    plan = None if span else "p"
    said = Feedback("s", plan, step, "t", span, 0, "quality", None, None, None, good)
    return Judge.of([said])


@pytest.mark.parametrize(
    ("seen", "standing"),
    [
        (turn(), "good"),
        (turn(ok=False), "recovered"),
        (turn(decision="reject"), "bad"),
        (turn(status="failed"), "bad"),
        (turn(status="running"), "open"),
        (turn(status="cancelled"), "open"),
    ],
)
def test_tools_and_steps_tell(seen: Turn, standing: str) -> None:
    assert Judge().standing(seen) == standing


def test_what_somebody_said_counts_first() -> None:
    assert judge(good=False).standing(turn()) == "bad"
    assert judge(good=True, step="1").standing(turn(status="running")) == "good"
    assert judge(good=True, span="x").standing(turn(ok=False)) == "good"


def test_a_good_plan_makes_no_failed_call_a_good_example() -> None:
    assert judge(good=True).standing(turn(ok=False)) == "recovered"
    assert judge(good=True).standing(turn(decision="denied")) == "bad"


def test_only_proven_steps_are_good_where_that_is_asked() -> None:
    strict = replace(Judge(), proven={("p", "2")})
    assert strict.standing(turn()) == "open"
    assert replace(strict, proven={("p", "1")}).standing(turn()) == "good"
