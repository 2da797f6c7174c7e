"""Locks of files by `fcntl.flock` are told of by the file's path."""

import fcntl
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from filelock import FileLock

from spanledger import attributes as a
from spanledger.instrumentors.flock import FlockInstrumentor

from ..conftest import Told  # noqa: TID252 - the fixture's type, one folder up


@pytest.fixture(autouse=True)
def instrumented() -> Generator[None]:
    FlockInstrumentor().instrument()
    yield
    FlockInstrumentor().uninstrument()


def test_a_wait_names_the_other_holder(told: Told, tmp_path: Path) -> None:
    has_it = threading.Event()

    def hold() -> None:
        with (tmp_path / "x").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            has_it.set()
            time.sleep(0.03)
            fcntl.flock(file, fcntl.LOCK_UN)

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    has_it.wait()
    with (tmp_path / "x").open("w") as file:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)
    thread.join()
    waiting = told.events(a.LOCK_ACQUIRED)[-1]
    assert waiting[a.LOCK_KEY] == str(tmp_path / "x")
    assert str(waiting[a.LOCK_HOLDER]).endswith("/holder")
    assert len(told.events(a.LOCK_RELEASED)) == 2


def test_a_taken_file_is_denied_as_ever(told: Told, tmp_path: Path) -> None:
    with (tmp_path / "x").open("w") as one, (tmp_path / "x").open("w") as two:
        fcntl.flock(one, fcntl.LOCK_SH)
        with pytest.raises(BlockingIOError):
            fcntl.flock(two, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(one, fcntl.LOCK_UN)
    assert told.events(a.LOCK_TIMED_OUT)[0][a.LOCK_OUTCOME] == "denied"
    assert told.events(a.LOCK_REQUESTED)[0][a.LOCK_MODE] == "shared"


def test_a_lock_that_went_with_its_file_ends_when_another_has_it(
    told: Told, tmp_path: Path
) -> None:
    for _ in range(2):
        with (tmp_path / "x").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    acquired, released = told.events(a.LOCK_ACQUIRED), told.events(a.LOCK_RELEASED)
    assert len(acquired) == 2
    assert [event[a.LOCK_ID] for event in released] == [acquired[0][a.LOCK_ID]]


def test_lock_libraries_are_not_told_twice(told: Told, tmp_path: Path) -> None:
    with FileLock(tmp_path / "x.lock"):
        pass
    assert told.events() == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        fcntl.flock(os.dup(0) + 1000, fcntl.LOCK_EX)
