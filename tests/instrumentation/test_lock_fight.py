"""Two processes that fight for one lock file are in the ledger with each other's names."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load
from spanledger_exporters.storing.store import Store, StoreOptions

FIGHTER = Path(__file__).with_name("fighter.py")
WAITS = (
    "SELECT owner, event, wait_ms, step_id, holder, holder_step_id FROM lock_waits"
    " WHERE session_id = 's-bob'"
)


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "SPANLEDGER_"))}
    # Logs go out every 20 ms: what a killed process said before must have been sent.
    return kept | {"OTEL_METRICS_EXPORTER": "none", "OTEL_BLRP_SCHEDULE_DELAY": "20"} | more


@contextlib.contextmanager
def server(data: Path) -> Generator[dict[str, str]]:
    with collector(load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")) as on:
        yield environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=on.http, OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf"
        )


@pytest.fixture(params=["over OTLP", "without a server"])
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    if request.param == "over OTLP":
        with server(tmp_path / "data") as variables:
            yield variables
    else:
        # Made beforehand: the first opening may take longer than an exporter waits.
        Store.open(tmp_path / "data", StoreOptions()).close()
        names = ("OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER")
        data = {"SPANLEDGER_DATA": str(tmp_path / "data")}
        yield environment(**data, **dict.fromkeys(names, "spanledger"))


def fight(name: str, path: Path, variables: dict[str, str]) -> "subprocess.Popen[str]":
    arguments = [sys.executable, str(FIGHTER), name, str(path)]
    pipe = subprocess.PIPE
    return subprocess.Popen(arguments, env=variables, stdin=pipe, stdout=pipe, text=True)


def says(fighter: "subprocess.Popen[str]", words: str) -> bool:
    assert fighter.stdout is not None
    return fighter.stdout.readline() == f"{words}\n"


def rows(data: Path, text: str) -> list[tuple[Any, ...]]:
    return Ledger(data).sql(text).fetchall()


def test_wait_and_hold_are_seen_with_each_others_names(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    path = tmp_path / "workspace.lock"
    with fight("alice", path, outside) as alice:
        assert says(alice, "wants it")
        assert says(alice, "has it")
        with fight("bob", path, outside) as bob:
            assert says(bob, "wants it")
            time.sleep(0.3)
            alice.communicate("enough\n", timeout=60)
            assert says(bob, "has it")
            bob.communicate("enough\n", timeout=60)
    assert (alice.returncode, bob.returncode) == (0, 0)
    ((owner, event, wait_ms, step, holder, holder_step),) = rows(tmp_path / "data", WAITS)
    assert (owner, event) == (f"bob:{bob.pid}", "acquired")
    assert wait_ms > 50
    assert (holder, step, holder_step) == (f"alice:{alice.pid}", "change-it", "change-it")
    steps = "SELECT lock_wait_ms = ? FROM plan_steps WHERE plan_id = 'p-bob'"
    assert rows(tmp_path / "data", steps.replace("?", repr(wait_ms))) == [(True,)]
    holds = 'SELECT owner, event, waiters FROM lock_holders ORDER BY "at"'
    assert rows(tmp_path / "data", holds) == [(holder, "released", 1), (owner, "released", 0)]


def test_who_waits_now_is_seen_with_who_holds(tmp_path: Path) -> None:
    path, data = tmp_path / "workspace.lock", tmp_path / "data"
    with server(data) as variables, fight("alice", path, variables) as alice:
        assert says(alice, "wants it")
        assert says(alice, "has it")
        with fight("bob", path, variables) as bob:
            found = until_waiting(data)
            bob.kill()
        alice.kill()
    bob_, alice_ = f"bob:{bob.pid}", f"alice:{alice.pid}"
    assert found == [(bob_, "waiting", None, "change-it", alice_, "change-it")]


def until_waiting(data: Path) -> list[tuple[Any, ...]]:
    deadline = time.monotonic() + 20
    found: list[tuple[Any, ...]] = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.1)
        found = rows(data, f"{WAITS} AND event = 'waiting'")
    return found
