"""Lock files of `filelock` are told of by their path, at once and however quick."""

import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from spanledger import attributes as a
from spanledger.instrumentors.file_locks import FileLockInstrumentor

from ..conftest import Told  # noqa: TID252 - the fixture's type, one folder up


@pytest.fixture(autouse=True)
def instrumented() -> Generator[None]:
    FileLockInstrumentor().instrument()
    yield
    FileLockInstrumentor().uninstrument()


def test_each_taking_is_told_by_the_files_path(told: Told, tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "x.lock")
    with lock, lock:
        pass
    assert [event.name for event in told.events()] == [
        a.LOCK_REQUESTED,
        a.LOCK_ACQUIRED,
        a.LOCK_RELEASED,
    ]
    assert {str(event[a.LOCK_KEY]) for event in told.events()} == {str(tmp_path / "x.lock")}


def test_a_wait_names_the_other_thread(told: Told, tmp_path: Path) -> None:
    has_it = threading.Event()

    def hold() -> None:
        with FileLock(tmp_path / "x.lock"):
            has_it.set()
            time.sleep(0.05)

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    has_it.wait()
    FileLock(tmp_path / "x.lock").acquire(timeout=5, poll_interval=0.01).lock.release()
    thread.join()
    waiting = told.events(a.LOCK_ACQUIRED)[-1]
    assert str(waiting[a.LOCK_HOLDER]).endswith("/holder")
    assert waiting[a.LOCK_WAIT_DURATION]


def test_a_timeout_is_told_and_raised(told: Told, tmp_path: Path) -> None:
    path, has_it, done = tmp_path / "x.lock", threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(path):
            has_it.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    has_it.wait()
    with pytest.raises(Timeout):
        FileLock(path).acquire(timeout=0.02)
    with pytest.raises(Timeout):
        FileLock(path).acquire(blocking=False)
    done.set()
    thread.join()
    outcomes = [event[a.LOCK_OUTCOME] for event in told.events(a.LOCK_TIMED_OUT)]
    assert outcomes == ["timeout", "denied"]
