"""The command line is quick to help, plain in its errors, and promises only what there is."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from spanledger import __version__

from .command import Run

COMMANDS = {
    "serve",
    "demo",
    "dialects",
    "prices",
    "import",
    "query",
    "sql",
    "sessions",
    "session",
    "plans",
    "plan",
    "trace",
    "export",
    "rebuild",
    "verify",
    "snapshot",
    "doctor",
    "init",
    "locks",
    "errors",
    "run",
    "feedback",
}


def test_help_lists_the_commands_there_are(run: Run) -> None:
    ran = run("--help")
    listed = ran.out.split("Commands:")[1].splitlines()
    assert ran.code == 0
    assert {line.split()[0] for line in listed if line[:3].strip() and line[2] != " "} == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(run: Run, command: str) -> None:
    ran = run(command, "--help")
    assert ran.code == 0
    assert f"Usage: spanledger {command}" in ran.out


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out == f"spanledger {__version__}\n"


def test_wrong_usage_is_exit_2(run: Run) -> None:
    assert run("nonsense").code == 2
    assert run("sql").code == 2
    assert run("sessions", "--format", "xml").code == 2
    assert run("serve", "--grpc-port", "70000").code == 2


def test_a_misspelt_variable_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_GRCP_PORT", "1")
    ran = run("sessions")
    assert ran.code == 2
    assert ran.err.startswith("spanledger: SPANLEDGER_GRCP_PORT is not a setting; did you mean")


def test_without_data_the_local_directory_is_used(run: Run, tmp_path: Path) -> None:
    assert f"no ledger in {tmp_path / 'xdg' / 'spanledger'}" in run("sessions").err
    (tmp_path / ".spanledger").mkdir()
    assert f"no ledger in {tmp_path / '.spanledger'}" in run("sessions").err


def test_help_needs_little_time_and_loads_nothing_heavy() -> None:
    heavy = "duckdb grpc pyarrow pydantic opentelemetry.sdk rich starlette"
    script = (
        "import sys, time; from spanledger_exporters.cli.app import app;"
        " app(args=['--help'], standalone_mode=False);"
        f" loaded = set('{heavy}'.split()) & set(sys.modules);"
        " sys.exit(f'{loaded} {time.process_time()}' if loaded or time.process_time() > 0.5 else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_the_module_can_be_run() -> None:
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "spanledger", "--version"], capture_output=True, check=True
    )
    assert done.stdout == f"spanledger {__version__}\n".encode()
    assert time.monotonic() - begun < 10
