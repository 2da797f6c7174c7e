"""`errors` lists what went wrong in the recorded run."""

import json
from pathlib import Path

from .command import RUN_NAME, Run


def test_the_failed_step_is_one_error(run: Run, data: Path) -> None:
    errors = json.loads(run("errors", "--data", data, "--format", "json").out)
    assert [error["message"] for error in errors] == [
        "hunk 2 does not apply: parser.py has changed"
    ]
    assert errors[0]["session_id"] == RUN_NAME
    assert "hunk 2 does not apply" in run("errors", "--data", data).out


def test_an_id_shows_all_that_is_known(run: Run, data: Path) -> None:
    (error,) = json.loads(run("errors", RUN_NAME[:4], "--data", data, "--format", "json").out)
    shown = run("errors", error["span_id"][:8], "--data", data).out
    assert "stacktrace" in shown
    assert error["trace_id"] in shown


def test_what_is_not_there_is_exit_3(run: Run, data: Path) -> None:
    ran = run("errors", "f00", "--data", data)
    message = "spanledger: there is no error in a session, trace or span f00\n"
    assert (ran.code, ran.err) == (3, message)
