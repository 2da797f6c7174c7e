"""The doctor sees what is wrong."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from spanledger_exporters.doctor import Finding, Level, examine
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.receiving.intake import Reject
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import Settings, load
from spanledger_exporters.storing.store import Store


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def settings(data: Path, **more: int) -> Settings:
    ports = {name: free_port() for name in ("grpc_port", "http_port", "ui_port", "jaeger_port")}
    return load(**{"data": data, **ports, **more})


def said(findings: list[Finding], words: str) -> Level:
    (level,) = {finding.level for finding in findings if words in finding.text}
    return level


def test_a_healthy_ledger_is_fine(tmp_path: Path) -> None:
    data = tmp_path / "data"
    Store.open(data).close()
    findings = list(examine(settings(data)))
    assert {f.level for f in findings if "nothing was received" not in f.text} == {Level.OK}
    assert said(findings, "storage v1.5.0") is Level.OK


def test_no_directory_yet_is_no_failure(tmp_path: Path) -> None:
    assert said(list(examine(settings(tmp_path / "none"))), "does not exist yet") is Level.WARN


def test_dead_letters_and_open_rights_are_warned_of(tmp_path: Path) -> None:
    data = tmp_path / "data"
    store = Store.open(data)
    store.intake.submit("logs", b"", [Reject(b"x", "bad")]).result()
    store.close()
    data.chmod(0o755)
    findings = list(examine(settings(data)))
    assert said(findings, "1 dead letters") is Level.WARN
    assert said(findings, "others can look into it") is Level.WARN


def test_a_ledger_that_somebody_keeps_open_for_writing_fails(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script, str(tmp_path / "ledger.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        findings = list(examine(settings(tmp_path)))
        holder.communicate(b"\n")
    assert said(findings, f"held for writing by process {holder.pid}") is Level.FAIL


def test_a_running_server_is_recognised(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "data")
    with collector(chosen) as running:
        assert said(list(examine(chosen)), f"gRPC {running.grpc}") is Level.OK
        other = load(data=tmp_path / "other", ui_port=chosen.ui_port)
        assert said(list(examine(other)), "another data directory") is Level.WARN


def test_who_stays_with_an_older_ledger_is_named(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "data")
    with collector(chosen) as running, Ledger(running.data).connect():
        for _ in range(2):
            assert running.store.publish(1)
        found = said(list(examine(chosen)), f"(PID {os.getpid()}) has kept the ledger open")
    assert found is Level.WARN


def test_a_port_of_another_program_is_warned_of(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        findings = list(examine(settings(tmp_path, grpc_port=port)))
        assert said(findings, f"port {port} (OTLP gRPC) is in use") is Level.WARN
