"""Locks that processes share, made while `multiprocessing` is instrumented, are told of."""

import multiprocessing
import os
import time
from collections.abc import Generator
from multiprocessing import synchronize
from typing import Any

import pytest

from spanledger import attributes as a
from spanledger.instrumentors.process_locks import MultiprocessingInstrumentor

from ..conftest import Told  # noqa: TID252 - the fixture's type, one folder up

FORKING = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def instrumented() -> Generator[None]:
    MultiprocessingInstrumentor().instrument()
    yield
    MultiprocessingInstrumentor().uninstrument()


# A Condition is told of as the lock inside it.
KINDS = [("Lock", "Lock"), ("RLock", "RLock"), ("Condition", "RLock"), ("Semaphore", "Semaphore")]


def make(kind: str) -> Any:
    return getattr(FORKING, kind)()


@pytest.mark.parametrize(("made", "kind"), KINDS)
def test_waiting_for_another_process_is_told(told: Told, made: str, kind: str) -> None:
    lock = make(made)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with lock:
            os.write(write, b".")
            time.sleep(0.05)
        os._exit(0)
    os.read(read, 1)
    with lock:
        pass
    os.waitpid(child, 0)
    (waiting,) = (e for e in told.events(a.LOCK_ACQUIRED) if e[a.LOCK_WAIT_DURATION])
    assert waiting[a.LOCK_KIND] == f"multiprocessing.{kind}"
    assert str(waiting[a.LOCK_KEY]).startswith(f"{__name__}.make:")


def test_a_spawned_process_knows_a_lock_by_its_name() -> None:
    lock = multiprocessing.get_context("spawn").Lock()
    sent = synchronize.SemLock.__new__(synchronize.Lock)
    raw = vars(lock)["_semlock"]
    vars(synchronize.SemLock)["__setstate__"](sent, (raw.handle, raw.kind, raw.maxvalue, raw.name))
    assert vars(sent)["_spanledger_told"].tag.key == raw.name
    assert vars(lock)["_spanledger_told"].tag.key == raw.name


def test_a_reentrant_lock_is_one_life(told: Told) -> None:
    lock = FORKING.RLock()
    with lock, lock:
        time.sleep(0.005)
    assert len(told.events(a.LOCK_RELEASED)) == 1
    with pytest.raises(AssertionError):
        lock.release()


def test_tries_and_timeouts_answer_as_ever(told: Told) -> None:
    lock = FORKING.Lock()
    assert lock.acquire()
    assert lock.acquire(block=False) is False
    assert lock.acquire(timeout=0.01) is False
    lock.release()
    assert [e[a.LOCK_OUTCOME] for e in told.events(a.LOCK_TIMED_OUT)] == ["timeout"]


def test_the_librarys_own_locks_are_left_alone() -> None:
    queue = FORKING.Queue()
    assert "_spanledger_told" not in vars(vars(queue)["_rlock"])
    queue.close()
