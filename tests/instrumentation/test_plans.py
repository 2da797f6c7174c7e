"""A plan is told as it is made, changed and ended; its outcome once."""

import contextlib
import json
from typing import Any

import pytest

import spanledger
from spanledger import attributes as a
from spanledger._steplist import StepLike

from .conftest import Told

TITLES = ["Read the log", "Patch it", "Run the tests"]


def listed(told: Told) -> list[list[dict[str, Any]]]:
    return [json.loads(str(event[a.PLAN_STEPS])) for event in told.events(a.PLAN_REVISED)]


def outcomes(told: Told) -> list[object]:
    return [event[a.PLAN_STATUS] for event in told.events(a.PLAN_OUTCOME)]


def test_a_plan_is_told_with_all_its_steps_queued(told: Told, full_content: None) -> None:
    with (
        spanledger.session("s-1", agent="fixer"),
        spanledger.plan("Fix it", TITLES, request="please") as plan,
    ):
        (event,) = told.events(a.PLAN_REVISED)
        plan.complete()
    assert listed(told)[0] == [
        {"id": "read-the-log", "title": "Read the log", "status": "queued", "position": 0},
        {"id": "patch-it", "title": "Patch it", "status": "queued", "position": 1},
        {"id": "run-the-tests", "title": "Run the tests", "status": "queued", "position": 2},
    ]
    assert event[a.PLAN_GOAL] == "Fix it"
    assert event[a.PLAN_REQUEST] == "please"
    assert event[a.PLAN_STATUS] == "active"
    assert event[a.PLAN_REVISION] == 1
    assert event[a.PLAN_STEP_COUNT] == 3
    assert event[a.SESSION_ID] == "s-1"
    assert event[a.AGENT_NAME] == "fixer"
    assert event[a.EVENT_NAME] == a.PLAN_REVISED


def test_a_plan_outside_every_span_is_a_run_with_spans_of_its_own(told: Told) -> None:
    with spanledger.plan("g", ["a"], agent="fixer") as plan, plan.step("a"):
        pass
    run, act, step = (told.spans(n)[0] for n in ("invoke_agent fixer", "plan fixer", "step"))
    assert run.context.trace_id == act.context.trace_id == step.context.trace_id
    assert act.parent is not None
    assert act.parent.span_id == run.context.span_id
    assert step.parent is not None
    assert step.parent.span_id == run.context.span_id
    assert [link.context.span_id for link in step.links] == [act.context.span_id]
    assert (act.attributes or {})[a.OPERATION] == "plan"


def test_a_plan_inside_a_span_belongs_to_it(told: Told) -> None:
    with spanledger.run("fixer") as run, spanledger.plan("g", ["a"]) as plan:
        plan.complete()
    assert len(told.spans("invoke_agent fixer")) == 1
    assert told.events(a.PLAN_OUTCOME)[0][a.RUN_ID] == run.run_id


def test_a_revision_keeps_ids_counts_up_and_says_why(told: Told) -> None:
    with spanledger.plan("g", TITLES) as plan:
        with plan.step("Read the log"):
            pass
        plan.revise(["Read the log", "Patch it", "Add a test"], reason="no test covered it")
        plan.complete()
    second = listed(told)[1]
    assert [step["id"] for step in second] == ["read-the-log", "patch-it", "add-a-test"]
    assert [step["status"] for step in second] == ["done", "queued", "queued"]
    event = told.events(a.PLAN_REVISED)[1]
    assert event[a.PLAN_REVISION] == 2
    assert event[a.PLAN_CHANGE_REASON] == "no test covered it"
    assert event[a.PLAN_HASH] != told.events(a.PLAN_REVISED)[0][a.PLAN_HASH]


@pytest.mark.parametrize(
    ("reset", "expected"),
    [
        ("none", ["done", "done", "queued"]),
        ("changed", ["done", "queued", "queued"]),
        ("all", ["queued", "queued", "queued"]),
    ],
)
def test_a_revision_resets_as_the_caller_says(told: Told, reset: Any, expected: list[str]) -> None:
    with spanledger.plan("g", [("1", "Read"), ("2", "Patch"), ("3", "Test")]) as plan:
        for title in ("Read", "Patch"):
            with plan.step(title):
                pass
        plan.revise([("1", "Read"), ("2", "Patch twice"), ("3", "Test")], reset=reset)
        plan.complete()
    assert [step["status"] for step in listed(told)[1]] == expected


def test_the_same_list_again_is_the_same_revision(told: Told) -> None:
    with spanledger.plan("g", TITLES) as plan:
        plan.revise(TITLES)
        plan.complete()
    assert [event[a.PLAN_REVISION] for event in told.events(a.PLAN_REVISED)] == [1, 1]


def test_twins_have_ids_of_their_own(told: Told) -> None:
    with spanledger.plan("g", ["Test", "Patch", "Test"]) as plan:
        with plan.step("Test"):
            pass
        with plan.step("Test"):
            pass
        plan.complete()
    assert [step["id"] for step in listed(told)[0]] == ["test", "patch", "test-2"]
    assert told.statuses()[-1] == ("test-2", "done")


def test_an_unknown_step_is_added_and_told_as_a_revision(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan:
        with plan.step("b"):
            pass
        plan.complete()
    assert [step["id"] for step in listed(told)[1]] == ["a", "b"]
    assert told.events(a.PLAN_REVISED)[1][a.PLAN_REVISION] == 2


def test_a_block_that_ends_with_everything_done_completes_the_plan(told: Told) -> None:
    with spanledger.plan("g", ["a", "b"]) as plan:
        with plan.step("a"):
            pass
        plan.step("b").skip("not needed")
    (outcome,) = told.events(a.PLAN_OUTCOME)
    assert outcome[a.PLAN_STATUS] == "completed"
    assert outcome[a.PLAN_PREVIOUS_STATUS] == "active"
    assert json.loads(str(outcome[a.PLAN_STEPS_BY_STATUS])) == {"done": 1, "skipped": 1}
    assert isinstance(outcome[a.PLAN_DURATION], float)
    assert outcome.severity == "INFO"


def test_a_block_that_ends_early_does_not_claim_completion(told: Told) -> None:
    with spanledger.plan("g", ["a", "b"]) as plan, plan.step("a"):
        pass
    assert outcomes(told) == ["abandoned"]


def test_an_exception_fails_the_plan_and_goes_on_unchanged(told: Told) -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught, spanledger.plan("g", ["a"], agent="f"):
        raise error
    assert caught.value is error
    (outcome,) = told.events(a.PLAN_OUTCOME)
    assert (outcome[a.PLAN_STATUS], outcome[a.ERROR_TYPE]) == ("failed", "ValueError")
    assert outcome.severity == "WARN"
    assert told.spans("invoke_agent f")[0].status.description == "no"


def test_a_cancelled_block_abandons_the_plan(told: Told) -> None:
    with pytest.raises(KeyboardInterrupt), spanledger.plan("g", ["a"]):
        raise KeyboardInterrupt
    assert outcomes(told) == ["abandoned"]


def test_the_outcome_has_the_sums_of_the_plans_model_calls(told: Told) -> None:
    with spanledger.plan("Outer", ["a"]) as plan, plan.step("a"):
        with spanledger.llm_call("p", "m") as call:
            call.response(input_tokens=10, output_tokens=2, cost_usd=0.25)
        with contextlib.suppress(ValueError), spanledger.llm_call("p", "m") as call:
            call.response(input_tokens=5)
            raise ValueError
        with spanledger.plan("Inner"), spanledger.llm_call("p", "m") as call:
            call.response(input_tokens=100, output_tokens=20)
    sums = [
        (event[a.INPUT_TOKENS], event[a.OUTPUT_TOKENS], event[a.COST_USD])
        for event in told.events(a.PLAN_OUTCOME)
    ]
    assert sums == [(100, 20, None), (15, 2, 0.25)]


def test_the_outcome_is_told_once(told: Told) -> None:
    with spanledger.plan("g", []) as plan:
        plan.complete()
        plan.fail("too late")
    plan.abandon()
    assert outcomes(told) == ["completed"]
    assert plan.status == "completed"


def test_a_plan_that_is_started_is_ended_in_so_many_words(told: Told) -> None:
    plan = spanledger.start_plan("g", ["a"])
    step = plan.step("a").start()
    plan.pause("lunch")
    plan.resume()
    step.done()
    plan.complete()
    assert [event[a.PLAN_STATUS] for event in told.events(a.PLAN_STATUS_CHANGED)] == [
        "paused",
        "active",
    ]
    assert outcomes(told) == ["completed"]
    assert spanledger.current().plan_id is None


def test_a_plan_within_a_step_names_both(told: Told) -> None:
    with spanledger.plan("outer", ["a"], id="p1") as outer, outer.step("a"):
        with spanledger.plan("inner", ["b"], id="p2") as inner, inner.step("b"):
            assert spanledger.current().plan_id == "p2"
        assert spanledger.current().plan_id == "p1"
    inner_event = told.events(a.PLAN_REVISED)[1]
    assert inner_event[a.PLAN_ID] == "p2"
    assert inner_event[a.PLAN_PARENT_ID] == "p1"
    assert inner_event[a.PLAN_PARENT_STEP_ID] == "a"
    assert len(told.spans("invoke_agent")) == 1


def test_a_decorated_function_is_a_plan_each_time(told: Told) -> None:
    @spanledger.plan("g", ["a"])
    def work() -> str:
        with spanledger.step("a"):
            return "done"

    assert [work(), work()] == ["done", "done"]
    assert outcomes(told) == ["completed", "completed"]
    assert len({event[a.PLAN_ID] for event in told.events(a.PLAN_OUTCOME)}) == 2


def test_steps_are_mappings_and_pairs_too(told: Told) -> None:
    steps: list[StepLike] = [
        ("r", "Read"),
        {"id": "p", "title": "Patch", "depends_on": ["r"], "status": "done"},
    ]
    spanledger.start_plan("g", steps).complete()
    assert listed(told)[0] == [
        {"id": "r", "title": "Read", "status": "queued", "position": 0},
        {"id": "p", "title": "Patch", "status": "done", "position": 1, "depends_on": ["r"]},
    ]
