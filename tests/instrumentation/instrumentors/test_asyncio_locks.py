"""Locks of `asyncio` made while it is instrumented are told of."""

import asyncio
from collections.abc import Generator

import pytest

from spanledger import attributes as a
from spanledger.instrumentors.asyncio_locks import AsyncioInstrumentor

from ..conftest import Told  # noqa: TID252 - the fixture's type, one folder up


@pytest.fixture(autouse=True)
def instrumented() -> Generator[None]:
    AsyncioInstrumentor().instrument()
    yield
    AsyncioInstrumentor().uninstrument()


async def hold(lock: asyncio.Lock, seconds: float) -> None:
    async with lock:
        await asyncio.sleep(seconds)


KINDS = ["Lock", "Condition", "Semaphore", "BoundedSemaphore"]


def make(kind: str) -> asyncio.Lock:
    made: asyncio.Lock = getattr(asyncio, kind)()
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_that_waits_names_the_one_that_holds(told: Told, kind: str) -> None:
    async def main() -> None:
        lock = make(kind)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(lock, 0.02), name="first")
            group.create_task(hold(lock, 0), name="second")

    asyncio.run(main())
    (waiting,) = (e for e in told.events(a.LOCK_ACQUIRED) if e[a.LOCK_WAIT_DURATION])
    assert waiting[a.LOCK_KIND] == f"asyncio.{kind}"
    assert str(waiting[a.LOCK_KEY]).startswith(f"{__name__}.make:")
    assert str(waiting[a.LOCK_HOLDER]).endswith("/first")


def test_a_request_is_told_while_it_still_waits(told: Told) -> None:
    async def main() -> list[str]:
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = asyncio.create_task(hold(lock, 0))
        await asyncio.sleep(0.02)
        heard = [event.name for event in told.events()]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        lock.release()
        return heard

    assert asyncio.run(main()) == [a.LOCK_REQUESTED]
    assert told.events(a.LOCK_CANCELLED)[0][a.LOCK_OUTCOME] == "cancelled"


def test_a_quick_lock_tells_nothing(told: Told) -> None:
    async def main() -> None:
        lock = asyncio.Lock()
        for _ in range(5):
            await hold(lock, 0)

    asyncio.run(main())
    assert told.events() == []


def test_the_loops_own_locks_are_left_alone() -> None:
    async def main() -> dict[str, object]:
        return vars(asyncio.Event()) | vars(asyncio.Queue[int]())

    assert "_spanledger_told" not in asyncio.run(main())
