"""Instrument `threading`: Lock, RLock, Condition and semaphores that are made from now on.

What code got by `from threading import Lock` before stays as it was, and so do the locks that
Python itself and telemetry are made of.
"""

import functools
import inspect
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from spanledger import locks_lives as lives
from spanledger.instrumentors.counting import counted, offer_metrics
from spanledger.instrumentors.patching import Instrumentor, Patches, tell_of, told_of
from spanledger.instrumentors.sites import site_of
from spanledger.instrumentors.standins import LOCK, RLOCK, TracedLock, TracedRLock
from spanledger.locks import threshold_s
from spanledger.locks_lives import Tag
from spanledger.locks_taking import take

__all__ = ["ThreadingInstrumentor"]

_THREADING: Final = "threading"


class ThreadingInstrumentor(Instrumentor):
    """`ThreadingInstrumentor().instrument()`."""

    def put_in_place(self, patches: Patches) -> None:
        """Replace the methods."""
        offer_metrics()
        limit = threshold_s()
        patches.put(threading, "Lock", _Maker("Lock", LOCK, TracedLock, limit))
        patches.put(threading, "RLock", _Maker("RLock", RLOCK, TracedRLock, limit))
        semaphore, bounded = threading.Semaphore, threading.BoundedSemaphore
        patches.put(semaphore, "__init__", _noting_the_site(semaphore.__init__, limit))
        acquire = _acquiring(semaphore.acquire)
        patches.put(semaphore, "acquire", acquire)
        patches.put(semaphore, "__enter__", acquire)
        for made in (semaphore, bounded):
            patches.put(made, "release", _releasing(made.release))


class _Maker:
    """Stands for `threading.Lock`: makes one that is told of, but a plain one for Python."""

    def __init__(
        self,
        name: str,
        plain: Callable[[], Any],
        traced: Callable[[Tag], Any],
        limit_s: float,
    ) -> None:
        self._kind = f"threading.{name}"
        self._plain, self._traced, self._limit_s = plain, traced, limit_s
        self.__name__ = self.__qualname__ = name

    def __call__(self) -> Any:
        frame = inspect.currentframe()
        kind, site = _maker_of(frame.f_back if frame else None, self._kind)
        if site is None:
            return self._plain()
        return self._traced(counted(site, kind, "exclusive", self._limit_s))

    def __instancecheck__(self, thing: object) -> bool:
        return isinstance(thing, type(self._plain()) | TracedLock | TracedRLock)

    def __or__(self, other: Any) -> Any:
        return type(self._plain()) | other


def _maker_of(frame: FrameType | None, kind: str) -> tuple[str, str | None]:
    """The kind of lock and where it is made; a Condition makes its own, its maker is meant."""
    if frame is not None and frame.f_globals.get("__name__") == _THREADING:
        if frame.f_code.co_qualname != "Condition.__init__":
            return kind, None
        return "threading.Condition", site_of(frame.f_back)
    return kind, site_of(frame)


def _noting_the_site(original: Callable[..., None], limit_s: float) -> Callable[..., None]:
    @functools.wraps(original)
    def noting(self: object, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        frame = inspect.currentframe()
        # BoundedSemaphore calls this one from inside threading.
        site = site_of(frame.f_back if frame else None, through=_THREADING)
        if site is not None:
            kind = f"threading.{type(self).__name__}"
            tell_of(self, counted(site, kind, "shared", limit_s))

    return noting


def _acquiring(original: Callable[..., bool]) -> Callable[..., bool]:
    @functools.wraps(original)
    def acquire(self: object, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - as in threading
        told = told_of(self)
        if told is None or lives.is_telling() or not blocking:
            return original(self, blocking, timeout)
        if told.tag.threshold_s and original(self, False):
            told.holds.add(lives.taken(told.tag))
            return True

        def attempt(limit: float | None) -> bool:
            return original(self, limit != 0, limit or None)

        life = take(told.tag, attempt, timeout)
        if life is not None:
            told.holds.add(life)
        return life is not None

    return acquire


def _releasing(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def release(self: object, n: int = 1) -> None:
        original(self, n)
        told = told_of(self)
        for _ in range(n if told is not None else 0):
            life = told.holds.drop() if told is not None else None
            if life is not None:
                lives.released(life)

    return release
