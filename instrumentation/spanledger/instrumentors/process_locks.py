"""Instrument `multiprocessing`: Lock, RLock, Condition and semaphores that are made from now on.

A lock is named after where it was made. One that spawned processes share has a name of its own,
which they know; it is named by that.
"""

import functools
import inspect
from collections.abc import Callable
from multiprocessing import synchronize
from types import FrameType
from typing import Any, Final

from spanledger import locks_lives as lives
from spanledger.instrumentors.counting import counted, offer_metrics
from spanledger.instrumentors.patching import Instrumentor, Patches, Told, tell_of, told_of
from spanledger.instrumentors.sites import site_of
from spanledger.locks import mode_of, threshold_s
from spanledger.locks_taking import take

__all__ = ["MultiprocessingInstrumentor"]

_RECURSIVE: Final = 0
"""What multiprocessing calls RECURSIVE_MUTEX."""
_MAKERS: Final = ("multiprocessing.synchronize", "multiprocessing.context")


class MultiprocessingInstrumentor(Instrumentor):
    """`MultiprocessingInstrumentor().instrument()`; spawned processes need it, too."""

    def put_in_place(self, patches: Patches) -> None:
        """Replace the methods."""
        offer_metrics()
        limit, made = threshold_s(), synchronize.SemLock
        patches.put(made, "__init__", _wrapping(made.__init__, limit))
        restore = vars(made)["__setstate__"]
        patches.put(made, "__setstate__", _wrapping_the_restored(restore, limit))
        patches.put(made, "__enter__", _entering(made.__enter__))
        patches.put(made, "__exit__", _exiting(made.__exit__))


def _wrapping(original: Callable[..., None], limit_s: float) -> Callable[..., None]:
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        frame = inspect.currentframe()
        site = _maker_of(frame)
        if site is not None:
            _tell_of(self, self._semlock.name or site, limit_s)

    return init


def _maker_of(frame: FrameType | None) -> str | None:
    while frame is not None and frame.f_globals.get("__name__") in (*_MAKERS, __name__):
        frame = frame.f_back
    return site_of(frame)


def _wrapping_the_restored(
    original: Callable[[Any, Any], None], limit_s: float
) -> Callable[[Any, Any], None]:
    @functools.wraps(original)
    def restored(self: Any, state: Any) -> None:
        original(self, state)
        if self._semlock.name:
            _tell_of(self, self._semlock.name, limit_s)

    return restored


def _tell_of(lock: Any, key: str, limit_s: float) -> None:
    kind = f"multiprocessing.{type(lock).__name__}"
    told = tell_of(lock, counted(key, kind, mode_of(lock), limit_s))
    lock.acquire = functools.partial(_acquire, lock, told)
    lock.release = functools.partial(_release, lock, told)


def _acquire(lock: Any, told: Told, block: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - as in multiprocessing
    raw = lock._semlock  # noqa: SLF001 - the lock itself; its methods are us
    if lives.is_telling() or (_is_recursive(raw) and raw._is_mine()):  # noqa: SLF001
        return bool(raw.acquire(block, timeout))

    def attempt(limit: float | None) -> bool:
        return bool(raw.acquire(limit != 0, limit or None))

    life = take(
        told.tag, attempt, (max(0, timeout) if timeout is not None else None) if block else 0
    )
    if life is not None:
        told.holds.add(life)
    return life is not None


def _release(lock: Any, told: Told) -> None:
    raw = lock._semlock  # noqa: SLF001 - the lock itself; its methods are us
    raw.release()
    if _is_recursive(raw) and raw._is_mine():  # noqa: SLF001
        return
    life = told.holds.drop()
    if life is not None:
        lives.released(life)


def _is_recursive(raw: Any) -> bool:
    return bool(raw.kind == _RECURSIVE)


def _entering(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def enter(self: Any) -> Any:
        return original(self) if told_of(self) is None else self.acquire()

    return enter


def _exiting(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def leave(self: Any, *args: Any) -> Any:
        return original(self, *args) if told_of(self) is None else self.release()

    return leave
