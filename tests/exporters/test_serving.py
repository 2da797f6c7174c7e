"""The collector runs, says how it is, refuses what it must, and loses nothing when it stops."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.demo import run_agent
from spanledger_exporters.errors import LedgerError, StoreError, UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import Settings, load

Started = tuple["subprocess.Popen[str]", dict[str, str]]


def settings(data: Path, **more: int | str) -> Settings:
    ports = dict.fromkeys(("grpc_port", "http_port", "ui_port", "jaeger_port"), 0)
    return load(**{"data": data, **ports, **more})


@pytest.fixture
def running(tmp_path: Path) -> Generator[Collector]:
    with collector(settings(tmp_path / "data")) as started:
        yield started


def get(where: str, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(where.removeprefix("http://"), timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


@contextmanager
def server(data: Path, *more: str) -> Generator[Started]:
    command = [sys.executable, "-m", "spanledger", "serve", "--data", str(data)]
    ports = ["--grpc-port", "0", "--http-port", "0", "--ui-port", "0", "--jaeger-port", "0"]
    with subprocess.Popen(
        [*command, *ports, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield process, json.loads(line) if line else {}
        finally:
            process.kill()


def test_health_and_status_are_told(running: Collector) -> None:
    assert get(running.ui, "/healthz") == (200, b"ok")
    code, body = get(running.ui, "/api/status")
    status: dict[str, Any] = json.loads(body)
    assert code == 200
    assert status["journaled"] == {"spans": 0, "logs": 0, "metrics": 0}
    assert status["data"] == str(running.data)
    assert status["ports"] == running.ports()
    told = {"version", "received", "published", "deferred", "dead_letters", "lag_s", "holder"}
    assert told <= status.keys()
    assert json.loads(get(running.ui, "/")[1]).keys() == status.keys()


def test_web_pages_of_others_are_kept_out(running: Collector) -> None:
    assert get(running.ui, "/api/status", Host="evil.example")[0] == 403
    assert get(running.ui, "/api/status", Origin="http://evil.example")[0] == 403


def test_a_full_disk_is_told_by_the_health(tmp_path: Path) -> None:
    # No disk here is filled: the directory goes away, which the journal minds as much.
    with collector(settings(tmp_path / "data")) as running:
        hot = running.store.layout.hot
        hot.rename(hot.with_name("gone"))
        assert get(running.ui, "/healthz")[0] == 503
        hot.with_name("gone").rename(hot)


def test_all_that_was_sent_is_there_when_it_has_stopped(tmp_path: Path) -> None:
    with collector(settings(tmp_path)) as running:
        run_agent(running.grpc, "r")
    counts = Ledger(tmp_path).sql(
        "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM logs)"
    )
    assert counts.fetchall() == [(18, 13)]


def test_a_second_server_on_the_directory_is_refused_with_the_first_ones_pid(
    running: Collector,
) -> None:
    message = f"process {os.getpid()} is already serving {running.data}"
    with pytest.raises(StoreError, match=message), collector(settings(running.data)):
        pass


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        for name in ("grpc_port", "http_port", "ui_port", "jaeger_port"):
            with (
                pytest.raises(LedgerError, match=rf"127\.0\.0\.1:{port} is in use") as caught,
                collector(settings(tmp_path / "data", **{name: port})),
            ):
                pass
            assert caught.value.exit_code == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_other_addresses_than_loopback_are_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="only loopback"), collector(settings(tmp_path, host=host)):
        pass


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match="cannot write to"),
        collector(settings(tmp_path / "file" / "d")),
    ):
        pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_where_it_is_and_ends_well(tmp_path: Path, number: signal.Signals) -> None:
    with server(tmp_path / "data") as (process, told):
        assert told.keys() == {"grpc", "http", "ui", "jaeger", "data"}
        assert told["data"] == str(tmp_path / "data")
        run_agent(told["grpc"], "r")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, "")
        assert "receiving OTLP on" in err
    assert Ledger(tmp_path / "data").sql("SELECT count(*) FROM spans").fetchall() == [(18,)]


def test_a_second_command_on_the_directory_exits_1(running: Collector) -> None:
    with server(running.data) as (process, told):
        _, err = process.communicate(timeout=60)
        assert (told, process.returncode) == ({}, 1)
        assert err == (
            f"spanledger: process {os.getpid()} is already serving {running.data}:"
            " stop it or choose another --data\n"
        )
