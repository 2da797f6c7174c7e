"""Every taking of a lock is told: who wanted it, who had it, for how long, and how it ended."""

import asyncio
import contextlib
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

import spanledger
from spanledger import attributes as a
from spanledger._text import reread_settings
from spanledger.locks import LockGuard, kind_of, threshold_s

from .conftest import Told


def names(told: Told) -> list[str]:
    return [event.name.removeprefix("spanledger.lock.") for event in told.events()]


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=spanledger.carry(work), name="other")
    thread.start()
    return thread


def test_a_free_lock_is_told_without_a_wait(told: Told) -> None:
    with (
        spanledger.session("s", agent="fixer"),
        spanledger.lock("workspace", threading.Lock(), operation="update"),
    ):
        pass
    requested, acquired, released = told.events()
    assert names(told) == ["requested", "acquired", "released"]
    assert requested[a.LOCK_KEY] == "workspace"
    assert requested[a.LOCK_OPERATION] == "update"
    assert requested[a.LOCK_OWNER] == f"fixer:{os.getpid()}"
    assert requested[a.LOCK_QUEUE_POSITION] == 0
    assert acquired[a.LOCK_WAIT_DURATION] == 0.0
    assert acquired[a.SESSION_ID] == "s"
    assert isinstance(released[a.LOCK_HOLD_DURATION], float)
    assert len({str(event[a.LOCK_ID]) for event in told.events()}) == 1
    assert [span.name for span in told.spans()] == ["lock hold"]


@pytest.mark.parametrize("make", [threading.Lock, threading.RLock, threading.Semaphore])
def test_who_waits_names_who_holds(told: Told, make: Callable[[], object]) -> None:
    guard, has_it = spanledger.lock("queue", make()), threading.Event()

    def hold() -> None:
        with guard:
            has_it.set()
            time.sleep(0.03)

    thread = in_thread(hold)
    has_it.wait()
    with guard:
        pass
    thread.join()
    holding, waiting = told.events(a.LOCK_ACQUIRED)
    assert waiting[a.LOCK_HOLDER] == holding[a.LOCK_OWNER] == f"process:{os.getpid()}/other"
    assert waiting[a.LOCK_HOLDER_ID] == holding[a.LOCK_ID]
    waited_s = waiting[a.LOCK_WAIT_DURATION]
    assert isinstance(waited_s, float)
    assert waited_s > 0.005
    (wait,) = told.spans("lock wait")
    (link,) = told.spans("lock hold")[-1].links
    assert link.context == wait.get_span_context()


def test_later_ones_stand_further_back_in_the_queue(told: Told) -> None:
    lock = threading.Lock()
    guard = spanledger.lock("queue", lock)

    def take() -> None:
        with guard:
            pass

    lock.acquire()
    threads = []
    for expected in (1, 2, 3):
        threads.append(in_thread(take))
        while len(told.events(a.LOCK_REQUESTED)) < expected:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join()
    requests = told.events(a.LOCK_REQUESTED)
    assert [event[a.LOCK_QUEUE_POSITION] for event in requests] == [0, 1, 2]


def test_giving_up_is_told_and_raises(told: Told) -> None:
    lock = threading.Lock()
    lock.acquire()
    with (
        pytest.raises(TimeoutError, match="'queue' was not to be had"),
        spanledger.lock("queue", lock, timeout=0.01),
    ):
        pass
    assert spanledger.lock("queue", lock).acquire(timeout=0) is False
    assert names(told) == ["requested", "timed_out", "requested", "timed_out"]
    outcomes = [event[a.LOCK_OUTCOME] for event in told.events(a.LOCK_TIMED_OUT)]
    assert outcomes == ["timeout", "denied"]


def test_a_condition_a_file_and_a_process_lock_are_locks(told: Told, tmp_path: Path) -> None:
    locks = (
        threading.Condition(),
        FileLock(tmp_path / "x.lock"),
        multiprocessing.Lock(),
        contextlib.nullcontext(),
    )
    for lock in locks:
        with spanledger.lock("any", lock):
            pass
    kinds = [event[a.LOCK_KIND] for event in told.events(a.LOCK_RELEASED)]
    assert kinds == [kind_of(lock) for lock in locks]


def test_a_file_lock_that_times_out_says_so_itself(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    with FileLock(path), pytest.raises(Timeout):
        spanledger.lock("file", FileLock(path, is_singleton=False), timeout=0.01).acquire()
    assert told.events(a.LOCK_TIMED_OUT)[0][a.LOCK_OUTCOME] == "timeout"


def test_tasks_wait_for_each_other(told: Told) -> None:
    async def work(guard: LockGuard) -> None:
        async with guard:
            await asyncio.sleep(0.01)

    async def both() -> None:
        guard = spanledger.lock("shared", asyncio.Lock())
        async with asyncio.TaskGroup() as group:
            group.create_task(work(guard), name="first")
            group.create_task(work(guard), name="second")

    asyncio.run(both())
    first, second = told.events(a.LOCK_ACQUIRED)
    assert str(first[a.LOCK_OWNER]).endswith("/first")
    assert second[a.LOCK_HOLDER] == first[a.LOCK_OWNER]
    assert second[a.LOCK_HOLDER_ID] == first[a.LOCK_ID]


def test_a_cancelled_task_is_told_and_a_late_one_raises(told: Told) -> None:
    async def main() -> None:
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = asyncio.create_task(spanledger.lock("shared", lock).acquire_async())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        with pytest.raises(TimeoutError):
            async with spanledger.lock("shared", lock, timeout=0.01):
                pass

    asyncio.run(main())
    assert names(told) == ["requested", "cancelled", "requested", "timed_out"]


def test_below_its_threshold_a_lock_tells_nothing(told: Told) -> None:
    with spanledger.lock("quick", threading.Lock(), threshold_ms=1000):
        pass
    assert told.events() == []


def test_nothing_that_is_no_lock_is_taken() -> None:
    with pytest.raises(TypeError, match="is no lock"):
        spanledger.lock("x", object()).acquire()
    with pytest.raises(TypeError, match="use `async with`"):
        spanledger.lock("x", asyncio.Lock()).acquire()


def test_an_error_of_the_lock_is_the_callers(told: Told) -> None:
    class Broken:
        def acquire(self) -> bool:
            raise OSError("no such device")

        def release(self) -> None: ...

    with pytest.raises(OSError, match="no such device"):
        spanledger.lock("x", Broken()).acquire()
    assert told.events()[-1][a.LOCK_OUTCOME] == "error"


def test_the_blocks_own_error_goes_on_and_the_lock_is_free(told: Told) -> None:
    lock = threading.Lock()
    with pytest.raises(KeyError), spanledger.lock("x", lock):
        raise KeyError("mine")
    assert not lock.locked()
    assert names(told)[-1] == "released"


def test_recording_off_leaves_a_lock_a_lock(told: Told, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("SPANLEDGER_DISABLED", "1")
    reread_settings()
    lock = threading.Lock()
    with spanledger.lock("x", lock):
        assert lock.locked()
    assert not lock.locked()
    assert told.events() == []


def test_a_forked_child_tells_its_own_lives(told: Told) -> None:
    lock = threading.Lock()
    guard = spanledger.lock("x", lock)
    guard.acquire()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        guard.release()
        with guard:
            pass
        os.write(write, ",".join(names(told)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    guard.release()
    # What the parent began, the parent ends; the child's copy of it is not told.
    heard = os.read(read, 1000).decode().split(",")
    assert heard == ["requested", "acquired", "requested", "acquired", "released"]
    assert names(told) == ["requested", "acquired", "released"]


@pytest.mark.parametrize(
    ("said", "expected"), [("", 0.001), ("20", 0.02), ("0", 0.0), ("soon", 0.001), ("nan", 0.001)]
)
def test_the_threshold_is_a_variable(
    settings: pytest.MonkeyPatch, said: str, expected: float
) -> None:
    settings.setenv("SPANLEDGER_LOCK_THRESHOLD_MS", said)
    assert threshold_s() == expected
