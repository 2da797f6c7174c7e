"""An agent's tasks, errors and heartbeats are told as they come."""

import os
import time

import pytest

import spanledger
from spanledger import attributes as a

from .conftest import Told


def test_a_task_is_told_from_start_to_result(told: Told, full_content: None) -> None:
    with (
        spanledger.session("s"),
        spanledger.agent("coder", "Fix the parser", task_id="t-1") as task,
    ):
        task.result("fixed")
    start, result = told.events()
    assert (start.name, result.name) == (a.TASK_START, a.TASK_RESULT)
    assert (start[a.AGENT_NAME], start[a.AGENT_STATUS]) == ("coder", "busy")
    assert (start[a.AGENT_TASK_ID], start[a.AGENT_TASK_NAME]) == ("t-1", "Fix the parser")
    assert (result[a.AGENT_TASK_OUTCOME], result[a.AGENT_STATUS]) == ("success", "idle")
    assert (result[a.AGENT_TASK_RESULT], result[a.SESSION_ID]) == ("fixed", "s")
    assert isinstance(result[a.AGENT_TASK_DURATION], float)


def test_an_exception_is_an_error_and_a_failure(told: Told) -> None:
    with pytest.raises(ValueError, match="no"), spanledger.agent("coder"):
        raise ValueError("no")
    _, error, result = told.events()
    assert (error.name, error[a.ERROR_TYPE], error.severity) == (
        a.AGENT_ERROR,
        "ValueError",
        "ERROR",
    )
    assert (result[a.AGENT_TASK_OUTCOME], result[a.AGENT_STATUS]) == ("failure", "error")


def test_a_task_that_is_stopped_is_cancelled(told: Told) -> None:
    with pytest.raises(KeyboardInterrupt), spanledger.agent("coder"):
        raise KeyboardInterrupt
    assert told.events()[-1][a.AGENT_TASK_OUTCOME] == "cancelled"


def test_heartbeats_come_until_the_task_ends(told: Told) -> None:
    with spanledger.agent("coder", heartbeat_s=0.1):
        deadline = time.monotonic() + 10
        while len(told.events(a.HEARTBEAT)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
    beats = told.events(a.HEARTBEAT)
    assert [beat[a.AGENT_HEARTBEAT_COUNT] for beat in beats[:2]] == [1, 2]
    assert beats[0][a.AGENT_HEARTBEAT_INTERVAL] == 0.1
    time.sleep(0.25)
    assert len(told.events(a.HEARTBEAT)) <= len(beats) + 1


def test_status_and_errors_can_be_told_in_between(told: Told) -> None:
    with spanledger.agent("coder") as task:
        task.status("idle", "waiting for a person")
        task.error(OSError("gone"))
        task.heartbeat()
    spanledger.agent_status("busy", agent="other")
    assert [event.name.rpartition(".")[2] for event in told.events()] == [
        "task_start",
        "status_changed",
        "error",
        "heartbeat",
        "task_result",
        "status_changed",
    ]
    assert told.events()[1][a.AGENT_STATUS] == "idle"
    assert told.events()[-1][a.AGENT_NAME] == "other"


def test_a_forked_child_does_not_end_its_parents_task_or_plan(told: Told) -> None:
    with spanledger.agent("coder", heartbeat_s=5), spanledger.plan("g", ["a"]) as plan:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                before = len(told.events())
                plan.__exit__(None, None, None)
                with plan.step("a"):
                    pass
                os.write(write, str(len(told.events()) - before).encode())
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        assert os.read(read, 10) == b"2"
        os.close(read)
        os.close(write)
        plan.complete()
    assert len(told.events(a.TASK_RESULT)) == 1
