"""Call a command in this process, as the shell would."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from spanledger_exporters.cli.app import main

RUN_NAME = "the-run"
"""The session and the plan in the recorded ledger."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that calls `spanledger` with its arguments."""

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Ran(int(ended.value.code or 0), told.out, told.err)

    return run
