"""Fix a build as a small agent would, and tell the ledger what is planned and done.

`python docs/examples/fix_the_build.py`, with `spanledger serve` running; without a server, set
OTEL_TRACES_EXPORTER=spanledger and OTEL_LOGS_EXPORTER=spanledger. Then ask `spanledger plans`,
`spanledger locks` and `spanledger errors`. Its model and its build are made up, its lock is real
(`pip install filelock`).
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from filelock import FileLock

import spanledger


class PatchError(Exception):
    """A patch does not fit."""


def fix(workspace: Path) -> None:
    """Plan, wait for the workspace, change the plan, fail once, finish."""
    steps = ["Read the log", "Patch the parser", "Run the tests"]
    with spanledger.plan("Make the build pass", steps, request="CI is red, please fix") as plan:
        with plan.step("Read the log") as step:
            step.output(ask("What is wrong?", "Line 3 of parser.py.", 120, 14))

        # Nothing tells that a plan was thought over: whoever changes it says so.
        plan.revise(
            ["Read the log", "Patch the parser", "Add a test", "Run the tests"],
            reason="no test covers an empty file",
        )

        # What a step raises fails it and goes on outward; asking again is a second attempt.
        with (
            reviewer_at_work(workspace),
            contextlib.suppress(PatchError),
            plan.step("Patch the parser"),
            in_use(workspace),
        ):
            patch(workspace, hunk=1)
        with plan.step("Patch the parser"), in_use(workspace):
            patch(workspace, hunk=2)

        with plan.step("Add a test"):
            (workspace / "test_parser.py").write_text("assert parse('') == []\n")
        with plan.step("Run the tests") as step:
            step.output(ask("Did it work?", "All 48 tests pass.", 90, 6))


def ask(question: str, answer: str, input_tokens: int, output_tokens: int) -> str:
    """Call a model. One that OpenTelemetry instruments needs no such lines."""
    with spanledger.llm_call("example", "small-model", question) as call:
        call.response(
            text=answer,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost_usd=1e-6 * (input_tokens + 4 * output_tokens),
        )
    return answer


@spanledger.capture_errors
def patch(workspace: Path, hunk: int) -> None:
    """Call a tool, which fails at the first hunk; the ledger gets the variables of that moment."""
    with spanledger.tool_call("apply_patch", {"path": "parser.py", "hunk": hunk}) as tool:
        known = (workspace / "parser.py").read_text()
        if hunk == 1:
            raise PatchError(f"hunk 1 does not apply to {len(known.splitlines())} lines")
        (workspace / "parser.py").write_text("def parse(text): return text.split()\n")
        tool.result("1 file changed")


def in_use(workspace: Path) -> contextlib.AbstractContextManager[object]:
    """A lock is given a name by which all processes know it, and what it is wanted for."""
    path = workspace / "workspace.lock"
    return spanledger.lock("workspace", FileLock(path, poll_interval=0.01), operation="update")


@contextlib.contextmanager
def reviewer_at_work(workspace: Path) -> Generator[None]:
    """Another process that has the workspace, and gives it back a moment after we want it."""
    command = [sys.executable, __file__, "reviewer", str(workspace)]
    environment = {**os.environ, **spanledger.environment()}  # the same session, in another agent
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as reviewer:
        assert reviewer.stdout is not None
        reviewer.stdout.readline()  # it has the lock
        yield


def review(workspace: Path) -> None:
    """What that process does."""
    with spanledger.session(agent="reviewer"), in_use(workspace):
        print("reading", flush=True)
        time.sleep(0.5)


def main() -> None:
    """Be the fixer, or the reviewer that the fixer starts."""
    spanledger.setup(service_name="example", capture_content=True)
    if sys.argv[1:2] == ["reviewer"]:
        review(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "parser.py").write_text("def parse(text):\n    return text.split(\n")
        with spanledger.session(agent="fixer") as session:
            fix(Path(folder))
            print(f"spanledger session {session.id}")


if __name__ == "__main__":
    main()
