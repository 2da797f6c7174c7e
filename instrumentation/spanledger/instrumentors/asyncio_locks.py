"""Instrument `asyncio`: Lock, Condition and semaphores that are made from now on."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, Final

from spanledger import locks_lives as lives
from spanledger.instrumentors.counting import counted, offer_metrics
from spanledger.instrumentors.patching import Instrumentor, Patches, tell_of, told_of
from spanledger.instrumentors.sites import site_of
from spanledger.locks import threshold_s
from spanledger.locks_taking import take_async, task_name

__all__ = ["AsyncioInstrumentor"]

_LOCKS: Final = "asyncio.locks"


class AsyncioInstrumentor(Instrumentor):
    """`AsyncioInstrumentor().instrument()`."""

    def put_in_place(self, patches: Patches) -> None:
        """Replace the methods."""
        offer_metrics()
        limit = threshold_s()
        for made, mode in ((asyncio.Lock, "exclusive"), (asyncio.Semaphore, "shared")):
            patches.put(made, "__init__", _noting_the_site(made.__init__, mode, limit))
            patches.put(made, "acquire", _acquiring(made.acquire))
            # BoundedSemaphore's release() calls this one.
            patches.put(made, "release", _releasing(made.release))


def _noting_the_site(
    original: Callable[..., None], mode: str, limit_s: float
) -> Callable[..., None]:
    @functools.wraps(original)
    def noting(self: object, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        frame = inspect.currentframe()
        kind, site = _maker_of(frame.f_back if frame else None, type(self).__name__)
        if site is not None:
            tell_of(self, counted(site, f"asyncio.{kind}", mode, limit_s))

    return noting


def _maker_of(frame: FrameType | None, kind: str) -> tuple[str, str | None]:
    if frame is not None and frame.f_code.co_qualname == "Condition.__init__":
        kind = "Condition"
    return kind, site_of(frame, through=_LOCKS)


def _acquiring(original: Callable[..., Awaitable[bool]]) -> Callable[..., Awaitable[bool]]:
    @functools.wraps(original)
    async def acquire(self: Any) -> bool:
        told = told_of(self)
        if told is None:
            return await original(self)
        if not self.locked() and not getattr(self, "_waiters", None):
            had = await original(self)
            told.holds.add(lives.taken(told.tag, task_name()))
            return had
        told.holds.add(await take_async(told.tag, functools.partial(original, self)))
        return True

    return acquire


def _releasing(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def release(self: object) -> None:
        original(self)
        told = told_of(self)
        life = told.holds.drop() if told is not None else None
        if life is not None:
            lives.released(life)

    return release
