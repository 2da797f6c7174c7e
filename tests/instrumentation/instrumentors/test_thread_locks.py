"""Locks of `threading` made while it is instrumented are told of; Python's own are left alone."""

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from spanledger import attributes as a
from spanledger.instrumentors.counting import counts
from spanledger.instrumentors.standins import TracedLock, TracedRLock
from spanledger.instrumentors.thread_locks import ThreadingInstrumentor

from ..conftest import Event, Told  # noqa: TID252 - the fixture's type, one folder up


@pytest.fixture(autouse=True)
def instrumented() -> Generator[None]:
    ThreadingInstrumentor().instrument()
    yield
    ThreadingInstrumentor().uninstrument()


def contend(take: Callable[[], object], release: Callable[[], object]) -> None:
    """One thread holds for 30 ms while this one wants it."""
    has_it = threading.Event()

    def hold() -> None:
        take()
        has_it.set()
        time.sleep(0.03)
        release()

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    has_it.wait()
    take()
    release()
    thread.join()


SCRIPT = "import threading; print(type(threading.Lock()).__name__)"
KINDS = ["Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"]


def make(kind: str) -> Any:
    return getattr(threading, kind)()


def ids(events: list[Event]) -> set[str]:
    return {str(event[a.LOCK_ID]) for event in events}


@pytest.mark.parametrize("kind", KINDS)
def test_waiting_is_told_with_its_holder(told: Told, kind: str) -> None:
    lock = make(kind)
    contend(lock.acquire, lock.release)
    waiting = max(told.events(a.LOCK_ACQUIRED), key=lambda e: str(e[a.LOCK_WAIT_DURATION]))
    assert waiting[a.LOCK_KIND] == f"threading.{kind}"
    assert str(waiting[a.LOCK_KEY]).startswith(f"{__name__}.make:")
    assert str(waiting[a.LOCK_HOLDER]).endswith("/holder")
    holder = [e for e in told.events() if e[a.LOCK_ID] == waiting[a.LOCK_HOLDER_ID]]
    assert [e.name for e in holder] == [a.LOCK_REQUESTED, a.LOCK_ACQUIRED, a.LOCK_RELEASED]


def test_a_quick_lock_is_only_counted(told: Told) -> None:
    lock = threading.Lock()
    before = sum(count.acquisitions for count in counts().values())
    for _ in range(5):
        with lock:
            pass
    assert told.events() == []
    assert sum(count.acquisitions for count in counts().values()) == before + 5


def test_a_long_hold_is_told_though_nobody_waits(told: Told) -> None:
    lock = threading.Lock()
    with lock:
        time.sleep(0.01)
    assert [event.name for event in told.events()] == [
        a.LOCK_REQUESTED,
        a.LOCK_ACQUIRED,
        a.LOCK_RELEASED,
    ]


def test_python_and_logging_keep_their_own_locks() -> None:
    assert isinstance(threading.Lock(), TracedLock)
    assert isinstance(threading.RLock(), TracedRLock)
    made: Any = threading.Lock
    assert isinstance(threading.Lock(), made)
    assert not isinstance(queue.Queue[int]().mutex, TracedLock)
    assert not isinstance(logging.StreamHandler().lock, TracedRLock)
    assert not isinstance(vars(vars(threading.Event())["_cond"])["_lock"], TracedLock)


def test_a_reentrant_lock_is_one_life_however_deep(told: Told) -> None:
    lock = threading.RLock()
    with lock, lock, lock:
        time.sleep(0.005)
    assert len(told.events(a.LOCK_RELEASED)) == 1
    with pytest.raises(RuntimeError):
        lock.release()


def test_a_condition_waits_and_is_notified(told: Told) -> None:
    condition = threading.Condition()
    found: list[int] = []

    def consume() -> None:
        with condition, condition:
            condition.wait_for(lambda: bool(found), timeout=5)
            found.append(2)

    thread = threading.Thread(target=consume)
    thread.start()
    time.sleep(0.02)
    with condition:
        found.append(1)
        condition.notify_all()
    thread.join()
    assert found == [1, 2]
    assert not [e for e in told.events(a.LOCK_RELEASED) if e[a.LOCK_HOLD_DURATION] == 0]


def test_tries_and_timeouts_answer_as_ever(told: Told) -> None:
    lock = threading.Lock()
    assert lock.acquire()
    assert lock.acquire(blocking=False) is False
    assert lock.acquire(timeout=0.02) is False
    lock.release()
    with pytest.raises(RuntimeError):
        lock.release()
    assert [e[a.LOCK_OUTCOME] for e in told.events(a.LOCK_TIMED_OUT)] == ["timeout"]
    semaphore = threading.BoundedSemaphore(1)
    assert semaphore.acquire(timeout=0.01)
    assert semaphore.acquire(timeout=0.01) is False
    semaphore.release()
    with pytest.raises(ValueError, match="released too many times"):
        semaphore.release()


def test_many_threads_never_meet_inside(told: Told) -> None:
    lock, inside, seen = threading.Lock(), [0], [0]

    def work() -> None:
        for _ in range(200):
            with lock:
                inside[0] += 1
                seen[0] = max(seen[0], inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1]
    assert ids(told.events(a.LOCK_REQUESTED)) == ids(told.events(a.LOCK_RELEASED))


def test_uninstrumenting_gives_the_plain_locks_back() -> None:
    ThreadingInstrumentor().uninstrument()
    assert not isinstance(threading.Lock(), TracedLock)
    assert not ThreadingInstrumentor().is_instrumented_by_opentelemetry


def test_opentelemetry_instrument_switches_it_on() -> None:
    """Entry points are those of the last installation, which may be older than the code."""
    if not entry_points(group="opentelemetry_instrumentor", name="spanledger_threading"):
        pytest.skip("the package was installed before it had this entry point")
    signals = ("TRACES", "LOGS", "METRICS")
    ran = subprocess.run(
        [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, "-c", SCRIPT],
        env=os.environ | {f"OTEL_{signal}_EXPORTER": "none" for signal in signals},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.strip() == "TracedLock", ran.stderr
