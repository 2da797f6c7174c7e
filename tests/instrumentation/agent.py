"""Play a small agent for the tests of the whole way; started as a program of its own.

`python agent.py MODE NAME` does it straight, with threads or tasks, leaves it open or never ends;
NAME is the id of its session and of its plan.
"""

import asyncio
import contextlib
import sys
import threading
import time

import spanledger

MODE, NAME = sys.argv[1:]
STEPS = ["Read the log", "Patch it", "Run the tests"]


class PatchError(Exception):
    """What the second step fails with at first."""


def call_model() -> None:
    with spanledger.llm_call("openai", "gpt-x", "What is wrong?") as call:
        call.response(
            {
                "model": "gpt-x-2",
                "choices": [{"message": {"content": "Line 3."}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 20},
            },
            cost_usd=0.5,
        )


def straight() -> None:
    with (
        spanledger.session(NAME, agent="fixer"),
        spanledger.plan("Fix the build", STEPS, request="please fix CI", id=NAME) as plan,
    ):
        with plan.step("Read the log", capture_output=True) as step:
            print("E1")
            call_model()
            step.output("3 errors")
        with contextlib.suppress(PatchError), plan.step("Patch it"):
            raise PatchError("hunk 2 does not apply")
        plan.revise(["Read the log", "Patch it", "Add a test", "Run the tests"], "no test")
        for title in ("Patch it", "Add a test", "Run the tests"):
            with (
                plan.step(title),
                spanledger.tool_call("shell", {"title": title}, id=title) as tool,
            ):
                tool.result("ok")


def threads() -> None:
    with (
        spanledger.session(NAME, agent="fixer"),
        spanledger.plan("In parallel", ["a", "b", "c"], id=NAME),
    ):

        def work(title: str) -> None:
            with spanledger.step(title):
                call_model()

        started = [threading.Thread(target=spanledger.carry(work), args=(t,)) for t in "abc"]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()


async def tasks() -> None:
    async def work(title: str) -> None:
        async with spanledger.step(title):
            await asyncio.sleep(0.01)
            call_model()

    async with (
        spanledger.session(NAME, agent="fixer"),
        spanledger.plan("Together", ["a", "b", "c"], id=NAME),
    ):
        await asyncio.gather(*(work(title) for title in "abc"))


def endless() -> None:
    with (
        spanledger.session(NAME, agent="fixer"),
        spanledger.plan("Never ending", ["a", "b", "c"], id=NAME) as plan,
    ):
        with plan.step("a"):
            pass
        with plan.step("b"):
            print("in the middle", flush=True)
            time.sleep(60)


def open_ended() -> None:
    plan = spanledger.start_plan("Left open", ["a"], id=NAME)
    plan.step("a").start()


def main() -> None:
    spanledger.setup(service_name="fixer", capture_content=True)
    if MODE == "tasks":
        asyncio.run(tasks())
    else:
        {"straight": straight, "threads": threads, "endless": endless, "open": open_ended}[MODE]()


if __name__ == "__main__":
    main()
