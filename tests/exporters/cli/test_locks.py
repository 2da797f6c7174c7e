"""`locks` shows who holds and who waits."""

import json
from pathlib import Path

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

import spanledger
from spanledger_exporters.sdk import LedgerLogRecordExporter
from spanledger_exporters.storing.store import Store, StoreOptions

from .command import Run


@pytest.fixture
def contended(tmp_path: Path) -> Path:
    """Somebody has a lock, somebody wanted it, and somebody else still does."""
    Store.open(tmp_path, StoreOptions()).close()  # else the first export may not wait for it
    logs = LoggerProvider()
    logs.add_log_record_processor(SimpleLogRecordProcessor(LedgerLogRecordExporter(tmp_path)))
    lives = (
        ("lock-a", "alice:1", "requested acquired"),
        ("lock-b", "bob:2", "requested timed_out"),
        ("lock-c", "carol:3", "requested"),
    )
    with spanledger.using(TracerProvider(), logs), spanledger.session("s"):
        for number, (id_, owner, happened) in enumerate(lives):
            for more, event in enumerate(happened.split()):
                waited_s = 0.5 if event == "timed_out" else 0.0
                told: dict[str, str | float] = {
                    "key": "workspace",
                    "id": id_,
                    "owner": owner,
                    "wait.duration": waited_s,
                }
                spanledger.emit(
                    f"spanledger.lock.{event}",
                    {f"spanledger.lock.{key}": value for key, value in told.items()},
                    at_ns=1_790_000_000_000_000_000 + (10 * number + more) * 10**9,
                )
    logs.shutdown()
    return tmp_path


def test_locks_are_listed_with_holder_and_waiters(run: Run, contended: Path) -> None:
    (lock,) = json.loads(run("locks", "--data", contended, "--format", "json").out)
    assert (lock["lock_key"], lock["held_by"], lock["waiting"]) == ("workspace", "alice:1", 1)
    assert (lock["holds"], lock["waits"], lock["given_up"]) == (1, 2, 1)
    assert "alice:1" in run("locks", "--data", contended).out


def test_waiting_shows_who_waits_for_whom(run: Run, contended: Path) -> None:
    (wait,) = json.loads(run("locks", "--waiting", "--data", contended, "--format", "json").out)
    assert (wait["waiter"], wait["holder"], wait["lock_id"]) == ("carol:3", "alice:1", "lock-c")
    assert wait["since"] == "2026-09-21T14:13:40"


def test_a_ledger_without_locks_has_none(run: Run, data: Path) -> None:
    assert json.loads(run("locks", "--data", data, "--format", "json").out) == []
