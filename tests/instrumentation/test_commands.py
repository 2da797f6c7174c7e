"""A program that tells nothing is told as a task of an agent, with its cost and its files."""

import json
import sys
from pathlib import Path

import pytest

import spanledger
from spanledger import attributes as a
from spanledger._children import signals_held
from spanledger.commands import Ended, run_command
from spanledger.files import Folder

from .conftest import Told


def run(*arguments: str, folder: Folder | None = None) -> Ended:
    with signals_held() as children:
        return run_command(children, arguments, name="worker", folder=folder)


def test_start_cost_and_result_are_told(told: Told) -> None:
    assert run("true") == Ended(0)
    start, measured, result, action = told.events()
    assert (start.name, start[a.AGENT_TASK_NAME]) == (a.TASK_START, "true")
    assert (measured.name, measured[a.PROCESS_EXIT_CODE]) == (a.MEASURED, 0)
    assert (result.name, result[a.AGENT_TASK_OUTCOME]) == (a.TASK_RESULT, "success")
    assert (action[a.ACTION_TYPE], action[a.ACTION_OUTCOME]) == ("command", "success")
    assert {event[a.AGENT_NAME] for event in told.events()} == {"worker"}
    assert len({event[a.SESSION_ID] for event in told.events()}) == 1
    assert [span.name for span in told.spans()] == ["invoke_agent worker"]


@pytest.mark.parametrize(
    ("script", "code", "outcome", "said"),
    [
        ("exit 3", 3, "failure", "exit code 3"),
        ("kill -SEGV $$", -11, "failure", "ended by signal 11"),
        ("kill -TERM $$", -15, "cancelled", None),
        ("exit 130", 130, "cancelled", None),
    ],
)
def test_an_end_is_told_by_its_exit_code(
    told: Told, script: str, code: int, outcome: str, said: str | None
) -> None:
    assert run("sh", "-c", f"ulimit -c 0; {script}").exit_code == code
    (result,) = told.events(a.TASK_RESULT)
    assert (result[a.PROCESS_EXIT_CODE], result[a.AGENT_TASK_OUTCOME]) == (code, outcome)
    errors = [event[a.ERROR_MESSAGE] for event in told.events(a.AGENT_ERROR)]
    assert errors == ([] if said is None else [said])


def test_what_it_did_to_files_is_told_as_actions_in_its_course(
    told: Told, full_content: None, tmp_path: Path
) -> None:
    (tmp_path / "old").write_text("1")
    run("sh", "-c", f"cd {tmp_path}; echo 1 > new; echo 2 >> old", folder=Folder(tmp_path))
    command, *files = told.events(a.ACTION_PERFORMED)
    assert [(f[a.ACTION_TYPE], f[a.ACTION_TARGET_ID]) for f in files] == [
        ("file_create", "new"),
        ("file_write", "old"),
    ]
    assert {f[a.ACTION_PARENT_ID] for f in files} == {command[a.ACTION_ID]}
    assert json.loads(str(files[1][a.ACTION_DELTA])) == {"before": 1, "after": 3}
    (result,) = told.events(a.TASK_RESULT)
    assert (result[a.FILES_CHANGED], result[a.FILES_CUT]) == (2, False)


def test_more_files_than_can_be_told_are_said_to_be_more(told: Told, tmp_path: Path) -> None:
    script = "import sys, pathlib; [pathlib.Path(sys.argv[1], str(n)).touch() for n in range(1005)]"
    ended = run(sys.executable, "-c", script, str(tmp_path), folder=Folder(tmp_path))
    assert ended.is_cut
    (result,) = told.events(a.TASK_RESULT)
    assert (result[a.FILES_CHANGED], result[a.FILES_CUT]) == (1005, True)
    assert len(told.events(a.ACTION_PERFORMED)) == 1001


def test_a_program_that_is_not_there_is_told_and_raised(told: Told) -> None:
    with pytest.raises(FileNotFoundError):
        run("/no/such/program")
    (result,) = told.events(a.TASK_RESULT)
    assert result[a.AGENT_TASK_OUTCOME] == "failure"


def test_it_belongs_to_the_step_it_was_started_in(told: Told) -> None:
    with spanledger.session("s-1"), spanledger.plan("p", ["a"], id="p-1"), spanledger.step("a"):
        run("true")
    (result,) = told.events(a.TASK_RESULT)
    ids = (result[a.SESSION_ID], result[a.PLAN_ID], result[a.STEP_ID])
    assert ids == ("s-1", "p-1", "a")


def test_memory_is_the_programs_own(told: Told) -> None:
    run("sleep", "0.1")
    peak = told.events(a.MEASURED)[0][a.MEASURE_RSS_PEAK]
    assert isinstance(peak, int)
    assert 0 < peak < 16 << 20
