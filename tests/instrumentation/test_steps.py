"""A step is told when it happens, and each thread and task has its own."""

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from opentelemetry.trace import StatusCode

import spanledger
from spanledger import attributes as a

from .conftest import Told


def test_a_step_runs_and_is_done(told: Told) -> None:
    with spanledger.plan("g", ["a"], id="p") as plan, plan.step("a") as step:
        assert step.status == "running"
        assert told.statuses() == [("a", "running")]
    running, done = told.events(a.STEP_STATUS_CHANGED)
    assert (running[a.STEP_PREVIOUS_STATUS], done[a.STEP_PREVIOUS_STATUS]) == ("queued", "running")
    assert (done[a.STEP_STATUS], done[a.STEP_ATTEMPT], done[a.STEP_POSITION]) == ("done", 1, 0)
    assert (done[a.PLAN_ID], done[a.PLAN_REVISION], done[a.STEP_TITLE]) == ("p", 1, "a")
    span = told.spans("step")[0]
    assert running.span_id == done.span_id == span.context.span_id
    assert (span.attributes or {})[a.STEP_ID] == "a"


def test_an_exception_fails_the_step_and_goes_on_unchanged(told: Told) -> None:
    error = LookupError("no such file")
    with pytest.raises(LookupError) as caught, spanledger.plan("g", ["a"]) as plan, plan.step("a"):
        raise error
    assert caught.value is error
    failed = told.events(a.STEP_STATUS_CHANGED)[-1]
    assert failed[a.STEP_STATUS] == "failed"
    assert (failed[a.ERROR_TYPE], failed[a.ERROR_MESSAGE]) == ("LookupError", "no such file")
    assert failed.severity == "ERROR"
    span = told.spans("step")[0]
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[a.ERROR_TYPE] == "LookupError"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), "cancelled"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (SystemExit(0), "done"),
        (SystemExit(2), "failed"),
    ],
)
def test_who_stops_a_step_decides_how_it_ends(
    told: Told, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)), spanledger.plan("g", ["a"]) as plan, plan.step("a"):
        raise error
    assert told.statuses() == [("a", "running"), ("a", status)]


def test_another_go_is_another_attempt_and_another_span(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan:
        with pytest.raises(ValueError, match="once"), plan.step("a"):
            raise ValueError("once")
        with plan.step("a"):
            pass
    assert [e[a.STEP_ATTEMPT] for e in told.events(a.STEP_STATUS_CHANGED)] == [1, 1, 2, 2]
    assert [(s.attributes or {})[a.STEP_ATTEMPT] for s in told.spans("step")] == [1, 2]
    assert told.events(a.PLAN_OUTCOME)[0][a.PLAN_STATUS] == "completed"


def test_a_pause_goes_on_with_the_same_attempt(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan:
        step = plan.step("a").start()
        step.pause("lunch")
        step.resume()
        step.block("waiting for a person")
        step.resume().done("ok")
    assert [status for _, status in told.statuses()] == [
        "running",
        "paused",
        "running",
        "blocked",
        "running",
        "done",
    ]
    changes = told.events(a.STEP_STATUS_CHANGED)
    assert {change[a.STEP_ATTEMPT] for change in changes} == {1}
    assert (changes[1][a.STEP_REASON], changes[3].severity) == ("lunch", "WARN")
    assert len(told.spans("step")) == 1


def test_a_step_that_was_left_paused_stays_so(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan, plan.step("a") as step:
        step.pause()
    assert step.status == "paused"
    assert told.events(a.PLAN_OUTCOME)[0][a.PLAN_STATUS] == "abandoned"


def test_what_is_said_in_the_block_is_not_said_again_at_its_end(told: Told) -> None:
    with spanledger.plan("g", ["a", "b", "c"]) as plan:
        with plan.step("a") as step:
            step.fail("no good")
        with plan.step("b") as step:
            step.cancel()
        with plan.step("c") as step:
            step.done()
    assert [status for _, status in told.statuses()][1::2] == ["failed", "cancelled", "done"]
    assert told.events(a.STEP_STATUS_CHANGED)[1][a.ERROR_MESSAGE] == "no good"


def test_output_is_told_at_the_end_and_cut_with_a_word_about_it(
    told: Told, full_content: None
) -> None:
    with spanledger.plan("g", ["a"]) as plan, plan.step("a") as step:
        step.output("3 errors", stdout="x" * 10_000, stderr="")
    done = told.events(a.STEP_STATUS_CHANGED)[-1]
    assert done[a.STEP_OUTPUT] == "3 errors"
    assert "[1808 characters cut]" in str(done[a.STEP_STDOUT])
    assert done[a.STEP_STDERR] == ""
    assert done[a.TRUNCATED] == (a.STEP_STDOUT,)


def test_output_that_comes_late_is_told_when_it_comes(told: Told, full_content: None) -> None:
    with spanledger.plan("g", ["a"]) as plan, plan.step("a") as step:
        pass
    step.output("late")
    last = told.events(a.STEP_STATUS_CHANGED)[-1]
    assert (last[a.STEP_STATUS], last[a.STEP_OUTPUT]) == ("done", "late")


def test_texts_are_held_back_unless_content_is_on(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan, plan.step("a", capture_output=True) as step:
        print("hello")
        step.output("3 errors", stdout="s")
    done = told.events(a.STEP_STATUS_CHANGED)[-1]
    assert done[a.STEP_TITLE] == "a"
    assert {a.STEP_OUTPUT, a.STEP_STDOUT} & set(done.attributes) == set()


def test_what_a_step_prints_is_kept_for_it_alone(
    told: Told, full_content: None, capsys: pytest.CaptureFixture[str]
) -> None:
    out = sys.stdout
    with spanledger.plan("g", ["a", "b"]) as plan:
        with plan.step("a", capture_output=True):
            print("outer")
            with plan.step("b", capture_output=True):
                print("inner", file=sys.stderr)
            thread = threading.Thread(target=lambda: print("stranger"))
            thread.start()
            thread.join()
        assert sys.stdout is out
    inner, outer = told.events(a.STEP_STATUS_CHANGED)[-2:]
    assert (inner[a.STEP_STDERR], inner[a.STEP_STDOUT]) == ("inner\n", None)
    assert (outer[a.STEP_STDERR], outer[a.STEP_STDOUT]) == ("inner\n", "outer\n")
    assert capsys.readouterr().out == "outer\nstranger\n"


def test_endless_output_is_bounded(told: Told, full_content: None) -> None:
    with spanledger.plan("g", ["a"]) as plan, plan.step("a", capture_output=True):
        for number in range(5_000):
            print(f"line {number}")
    text = str(told.events(a.STEP_STATUS_CHANGED)[-1][a.STEP_STDOUT])
    assert text.startswith("line 0\n")
    assert text.endswith("line 4999\n")
    assert "characters cut]" in text
    assert len(text) < 8_400


def test_the_current_step_is_that_of_the_plan(told: Told) -> None:
    with spanledger.plan("g", ["a"]) as plan, spanledger.step("a") as step:
        assert step.id == "a"
        assert spanledger.current().step_id == "a"
        assert spanledger.current().plan is plan
    assert spanledger.current().step_id is None


def test_a_step_outside_every_plan_is_a_plan_of_its_own(told: Told) -> None:
    with spanledger.session("s"), spanledger.step("Clean up"):
        pass
    assert told.statuses() == [("clean-up", "running"), ("clean-up", "done")]
    assert [event[a.PLAN_STATUS] for event in told.events(a.PLAN_OUTCOME)] == ["completed"]


def test_a_decorated_function_is_a_step_of_the_plan_it_is_called_in(told: Told) -> None:
    @spanledger.step("a")
    def work(number: int) -> int:
        return number + 1

    with spanledger.plan("g", ["a"]):
        assert work(1) == 2
    assert told.statuses() == [("a", "running"), ("a", "done")]
    assert work.__name__ == "work"


def test_a_decorated_coroutine_is_a_step_while_it_runs(told: Told) -> None:
    @spanledger.step("a")
    async def work() -> str | None:
        await asyncio.sleep(0)
        return spanledger.current().step_id

    async def main() -> str | None:
        async with spanledger.plan("g", ["a"]):
            return await work()

    assert asyncio.run(main()) == "a"
    assert told.statuses() == [("a", "running"), ("a", "done")]


def test_tasks_have_their_own_current_steps(told: Told) -> None:
    async def work(plan: spanledger.Plan, title: str) -> tuple[str, str | None]:
        async with plan.step(title):
            await asyncio.sleep(0.01)
            return title, spanledger.current().step_id

    async def main() -> list[tuple[str, str | None]]:
        async with spanledger.plan("g", ["a", "b", "c"]) as plan:
            return await asyncio.gather(*(work(plan, title) for title in "abc"))

    assert asyncio.run(main()) == [("a", "a"), ("b", "b"), ("c", "c")]
    assert told.events(a.PLAN_OUTCOME)[0][a.PLAN_STATUS] == "completed"


def test_a_cancelled_task_cancels_its_step(told: Told) -> None:
    async def work() -> None:
        async with spanledger.step("a"):
            await asyncio.sleep(60)

    async def main() -> None:
        async with spanledger.plan("g", ["a"]):
            task = asyncio.create_task(work())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert told.statuses() == [("a", "running"), ("a", "cancelled")]


def test_threads_start_from_what_is_carried_to_them(told: Told) -> None:
    def work(title: str) -> str | None:
        with spanledger.step(title):
            return spanledger.current().plan_id

    with (
        spanledger.plan("g", ["a", "b", "c"], id="p") as plan,
        ThreadPoolExecutor(3) as pool,
    ):
        found = list(pool.map(spanledger.carry(work), "abc"))
        assert plan.status == "active"
    assert found == ["p", "p", "p"]
    run = told.spans("invoke_agent")[0]
    parents = {span.parent.span_id for span in told.spans("step") if span.parent is not None}
    assert parents == {run.context.span_id}


def test_a_thread_without_anything_knows_the_plan_it_was_given(told: Told) -> None:
    with spanledger.session("s"), spanledger.plan("g", ["a"], id="p") as plan:

        def work() -> None:
            with plan.step("a"):
                assert spanledger.current().session_id == "s"

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    run, step = told.spans("invoke_agent")[0], told.spans("step")[0]
    assert step.parent is not None
    assert step.parent.span_id == run.context.span_id
    assert told.events(a.STEP_STATUS_CHANGED)[0][a.SESSION_ID] == "s"


def test_many_threads_adding_steps_lose_none(told: Told) -> None:
    with spanledger.plan("g", []) as plan, ThreadPoolExecutor(8) as pool:

        def work(number: int) -> None:
            with plan.step(f"step {number}"):
                pass

        list(pool.map(work, range(40)))
    assert len(plan.steps) == 40
    assert {step.status for step in plan.steps} == {"done"}
    assert told.events(a.PLAN_REVISED)[0][a.PLAN_REVISION] == 1
    assert max(int(str(e[a.PLAN_REVISION])) for e in told.events(a.PLAN_REVISED)) == 41
