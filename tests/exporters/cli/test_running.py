"""`run` is not noticed by the program it runs, and leaves what the program did."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import load

Rows = list[tuple[Any, ...]]
SCRIPT = "cat; echo 1 > made; echo 2 >> old; rm gone; echo oops >&2; exit 3"
CHILD = """
import spanledger
spanledger.setup(service_name="child")
with spanledger.llm_call("p", "m") as call:
    call.response(input_tokens=10, output_tokens=2)
"""
INTERRUPTED = """
import signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
print("ready", sys.stdin.isatty(), flush=True)
time.sleep(0.5)
time.sleep(0.5)
print("interrupted", len(got))
"""


def environment() -> dict[str, str]:
    kept = ("OTEL_", "SPANLEDGER_", "TRACEPARENT", "BAGGAGE")
    return {k: v for k, v in os.environ.items() if not k.startswith(kept)}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "spanledger", "run", *map(str, arguments)]


def run(
    *arguments: object, folder: Path, said: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment() | more,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    for name in ("old", "gone"):
        (work / name).write_text("0\n")
    return work


def rows(data: Path, text: str) -> Rows:
    return Ledger(data).sql(text).fetchall()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Collector]:
    """One for all: every test has a session of its own."""
    data = tmp_path_factory.mktemp("data")
    with collector(load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")) as on:
        yield on


def to(server: Collector, session: str) -> list[str]:
    return ["--endpoint", server.http, "--session", session]


def check_ledger(data: Path, session: str) -> None:
    status = "SELECT agent, status, tasks_started, tasks_ended, tasks_failed, last_error"
    of_session = f"WHERE session_id = '{session}'"
    assert rows(data, f"{status} FROM agent_status {of_session}") == [
        ("sh", "error", 1, 1, 1, "exit code 3")
    ]
    what = "SELECT action_type, target_id, outcome, parent_id IS NULL FROM actions"
    assert rows(data, f"{what} {of_session} ORDER BY seq") == [
        ("command", "sh", "failure", True),
        ("file_delete", "gone", "success", False),
        ("file_create", "made", "success", False),
        ("file_write", "old", "success", False),
    ]
    assert rows(data, f"SELECT message FROM errors {of_session}") == [("exit code 3",)]


def test_start_result_and_files_are_left_over_otlp(folder: Path, server: Collector) -> None:
    done = run(*to(server, "files"), "--", "sh", "-c", SCRIPT, folder=folder, said="in\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "in\n", "oops\n")
    check_ledger(server.data, "files")


def test_the_same_is_left_without_a_server(folder: Path, tmp_path: Path) -> None:
    where = ("--data", tmp_path / "d", "--session", "files")
    done = run(*where, "--", "sh", "-c", SCRIPT, folder=folder, said="in\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, "in\n", "oops\n")
    check_ledger(tmp_path / "d", "files")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_child_that_speaks_otlp_is_in_the_same_trace_and_session(
    folder: Path, tmp_path: Path, protocol: str
) -> None:
    data = tmp_path / "data"
    done = run(
        *("--data", data, "--session", "s-1", "--agent", "robot", sys.executable, "-c", CHILD),
        folder=folder,
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    where = "SELECT name, service_name FROM spans WHERE session_id = 's-1' ORDER BY start_ns"
    assert rows(data, where) == [("invoke_agent robot", "robot"), ("chat m", "child")]
    assert rows(data, "SELECT count(DISTINCT trace_id) FROM spans") == [(1,)]


def test_a_signal_reaches_the_program_and_its_end_is_ours(folder: Path, server: Collector) -> None:
    script = "trap 'echo got; exit 7' USR1; echo ready; while :; do sleep 0.05; done"
    arguments = command(*to(server, "signal"), "--", "sh", "-c", script)
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, cwd=folder, env=environment(), stdout=pipe) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGUSR1)
        assert running.stdout.readline() == b"got\n"
        assert running.wait(60) == 7


def test_a_program_that_a_signal_ends_ends_us_by_it(folder: Path, server: Collector) -> None:
    done = run(*to(server, "killed"), "--", "sh", "-c", "kill -TERM $$", folder=folder)
    assert done.returncode == -signal.SIGTERM
    status = "SELECT status, tasks_ended, tasks_failed FROM agent_status"
    assert rows(server.data, f"{status} WHERE session_id = 'killed'") == [("idle", 1, 0)]


def test_on_a_terminal_ctrl_c_reaches_the_program_once(folder: Path, server: Collector) -> None:
    inner = command(*to(server, "terminal"), "--", sys.executable, "-c", INTERRUPTED)
    arguments = [sys.executable, "-c", f"import pty; pty.spawn({inner!r})"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        arguments, cwd=folder, env=environment(), stdin=pipe, stdout=pipe
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready True\r\n"
        running.stdin.write(b"\x03")
        running.stdin.flush()
        told = running.stdout.read()
    assert b"interrupted 1" in told


@pytest.mark.parametrize(
    ("program", "code", "said"),
    [("nosuchthing", 127, "command not found"), ("./old", 126, "Permission denied")],
)
def test_a_program_that_cannot_be_started_is_one_line(
    folder: Path, server: Collector, program: str, code: int, said: str
) -> None:
    done = run(*to(server, said), "--", program, folder=folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == f"spanledger: {program}: {said}\n"
    failed = "SELECT tasks_failed FROM agent_status"
    assert rows(server.data, f"{failed} WHERE session_id = '{said}'") == [(1,)]


def test_an_agent_that_is_known_is_made_to_tell(folder: Path, server: Collector) -> None:
    program = folder / "claude"
    program.write_text("#!/bin/sh\nenv")
    program.chmod(0o700)
    done = run(*to(server, "claude"), "--", program, folder=folder, OTEL_METRICS_EXPORTER="none")
    told = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    assert told["CLAUDE_CODE_ENABLE_TELEMETRY"] == "1"
    assert told["OTEL_LOGS_EXPORTER"] == "otlp"
    assert told["OTEL_METRICS_EXPORTER"] == "none"
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == server.http


def test_where_nobody_answers_it_is_recorded_here(folder: Path, tmp_path: Path) -> None:
    data = str(tmp_path / "d")
    done = run(
        *("--endpoint", "http://127.0.0.1:9", "--ignore", "*.log", "--", "sh", "-c"),
        "echo 1 > x.log; echo 1 > y",
        folder=folder,
        SPANLEDGER_DATA=data,
    )
    assert done.returncode == 0
    assert done.stderr.startswith("spanledger: nobody answers at http://127.0.0.1:9: recording")
    files = "SELECT target_id FROM actions WHERE action_type = 'file_create'"
    assert rows(tmp_path / "d", files) == [("y",)]


def test_a_collector_that_does_not_answer_is_not_waited_for(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        done = run("--endpoint", where, "--", "sh", "-c", "exit 5", folder=folder)
    assert done.returncode == 5
    assert "spanledger: the collector did not answer in time" in done.stderr
    assert time.monotonic() - began < 30


def test_a_ledger_that_cannot_be_opened_keeps_no_program_from_running(folder: Path) -> None:
    (folder / "file").touch()
    done = run("--data", folder / "file" / "d", "--", "sh", "-c", "echo ran; exit 4", folder=folder)
    assert (done.returncode, done.stdout) == (4, "ran\n")
    assert done.stderr.startswith("spanledger: not recorded: ")
    assert len(done.stderr.splitlines()) == 1


def test_switched_off_it_is_not_there(folder: Path, tmp_path: Path) -> None:
    done = run(
        *("--data", tmp_path / "d", "--", "sh", "-c", "echo $$ $PPID"),
        folder=folder,
        SPANLEDGER_NO_RECORDING="1",
    )
    assert done.stdout.split()[1] == str(os.getpid())
    assert not (tmp_path / "d").exists()
