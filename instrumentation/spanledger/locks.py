"""`lock(key, lock)`: take a lock as ever, and have it told who waited for whom and for how long."""

import asyncio
import functools
import inspect
import math
import os
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self, cast

from spanledger._text import disabled
from spanledger.locks_lives import Life, Tag, place_of, released
from spanledger.locks_taking import Attempt, Holds, take, take_async

__all__ = ["LockGuard", "lock", "threshold_s"]

_DEFAULT_THRESHOLD_MS: Final = 1.0


def lock(
    key: str,
    lock: object,
    *,
    operation: str | None = None,
    owner: str | None = None,
    timeout: float | None = None,
    threshold_ms: float = 0.0,
) -> "LockGuard":
    """A guard to use with `with` or `async with`, or by `acquire()` and `release()`.

    `lock` is anything with acquire and release, or a context manager, of threads, asyncio,
    processes or files; `key` names what it protects, alike in all processes. `timeout` is in
    seconds; a lock not had by then raises TimeoutError. Waits and holds shorter than
    `threshold_ms` are not told.
    """
    return LockGuard(key, lock, operation, owner, timeout, threshold_ms / 1000)


def threshold_s() -> float:
    """SPANLEDGER_LOCK_THRESHOLD_MS in seconds: instrumented locks tell waits and holds above it."""
    said = os.environ.get("SPANLEDGER_LOCK_THRESHOLD_MS", "")
    try:
        threshold_ms = float(said) if said else _DEFAULT_THRESHOLD_MS
    except ValueError:
        threshold_ms = _DEFAULT_THRESHOLD_MS
    return max(0.0, threshold_ms / 1000) if math.isfinite(threshold_ms) else 0.001


class LockGuard:
    """A lock together with what is told of it. Taken anew each time; may be shared by threads."""

    def __init__(
        self,
        key: str,
        lock: object,
        operation: str | None,
        owner: str | None,
        timeout: float | None,
        threshold_s: float,
    ) -> None:
        self._lock = untraced(lock)
        self._timeout = timeout
        self._is_awaited = is_async(self._lock)
        self._tag = Tag(
            str(key),
            kind_of(self._lock),
            place_of(str(key)),
            mode_of(self._lock),
            operation,
            owner,
            threshold_s,
        )
        self._holds = Holds()

    def acquire(self, timeout: float | None = None) -> bool:
        """Take the lock; False if it was not to be had within `timeout` seconds."""
        if self._is_awaited:
            raise TypeError(f"{type(self._lock).__qualname__} is awaited: use `async with`")
        limit = self._timeout if timeout is None else timeout
        attempt = attempt_of(self._lock)
        if disabled():
            return attempt(limit)
        life = take(self._tag, attempt, limit)
        return life is not None and self._keep(life)

    async def acquire_async(self) -> bool:
        """Take a lock that is awaited; raises TimeoutError after the guard's timeout."""
        if not self._is_awaited:
            return self.acquire()
        attempt = _awaited(self._lock, self._timeout)
        if disabled():
            return await attempt() is not False
        return self._keep(await take_async(self._tag, attempt))

    def release(self) -> None:
        """Give the lock back."""
        life = self._holds.drop()
        _method(self._lock, "release", "__exit__")()
        if life is not None:
            released(life)

    async def release_async(self) -> None:
        """Give a lock back, waiting for it where that is asked for."""
        life = self._holds.drop()
        given = _method(self._lock, "release", "__aexit__", "__exit__")()
        if inspect.isawaitable(given):
            await given
        if life is not None:
            released(life)

    def _keep(self, life: Life) -> bool:
        self._holds.add(life)
        return True

    def __enter__(self) -> Self:
        if not self.acquire():
            raise TimeoutError(f"the lock {self._tag.key!r} was not to be had in time")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        self.release()

    async def __aenter__(self) -> Self:
        if not await self.acquire_async():
            raise TimeoutError(f"the lock {self._tag.key!r} was not to be had in time")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        await self.release_async()


def untraced(lock: object) -> object:
    """The lock inside one of our instrumented ones: what is told here is not to be told twice."""
    return getattr(lock, "spanledger_untraced", lock)


def is_async(lock: object) -> bool:
    """Whether the lock is taken with `await`."""
    acquire = getattr(lock, "acquire", None)
    if acquire is None:
        return hasattr(lock, "__aenter__") and not hasattr(lock, "__enter__")
    return inspect.iscoroutinefunction(acquire)


def kind_of(lock: object) -> str:
    """`threading.Lock` and the like; its class for others."""
    made = type(lock)
    module = made.__module__.lstrip("_").partition(".")[0]
    name = made.__name__
    if module == "thread":
        return "threading.Lock" if name == "lock" else "threading.RLock"
    return f"{module}.{name}"


def mode_of(lock: object) -> str:
    """Semaphores are shared, all others exclusive."""
    return "shared" if "emaphore" in type(lock).__name__ else "exclusive"


def attempt_of(lock: object) -> Attempt:
    """How to try for a lock that is not awaited, whatever its acquire() calls its arguments."""
    acquire = getattr(lock, "acquire", None)
    if acquire is None:
        return _entered(lock)
    module = type(lock).__module__.partition(".")[0]
    if module in ("_thread", "threading", "multiprocessing", "_multiprocessing"):
        return _timed(acquire)
    return _named(acquire)


def _timed(acquire: Callable[..., Any]) -> Attempt:
    """The standard library's: acquire(blocking, timeout)."""

    def attempt(timeout: float | None) -> bool:
        if timeout is None:
            return bool(acquire())
        return bool(acquire(True, timeout) if timeout > 0 else acquire(False))

    return attempt


def _named(acquire: Callable[..., Any]) -> Attempt:
    """Others: no argument to wait for ever, `timeout` or `blocking` if there are such.

    What is returned counts only if it is False: many return a proxy, or nothing.
    """

    def attempt(timeout: float | None) -> bool:
        if timeout is None:
            return acquire() is not False
        names = _parameters(acquire)
        limited = {"timeout": timeout} if "timeout" in names else {}
        if timeout == 0 and "blocking" in names:
            limited = {"blocking": False}
        return acquire(**limited) is not False

    return attempt


def _parameters(function: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return frozenset()


def _entered(lock: object) -> Attempt:
    """A context manager alone: no timeouts."""
    enter = cast("Callable[[], object]", _method(lock, "__enter__"))

    def attempt(_timeout: float | None) -> bool:
        enter()
        return True

    return attempt


def _awaited(lock: object, timeout: float | None) -> Callable[[], Awaitable[object]]:
    attempt = cast("Callable[[], Awaitable[object]]", _method(lock, "acquire", "__aenter__"))

    async def limited() -> object:
        return await asyncio.wait_for(attempt(), timeout)

    return attempt if timeout is None else limited


def _method(lock: object, *names: str) -> Callable[[], Any]:
    """The first method it has; those that end a `with` block are called without an exception."""
    for name in names:
        found = getattr(lock, name, None)
        if found is not None:
            ends = name.endswith("exit__")
            return functools.partial(found, None, None, None) if ends else found
    raise TypeError(f"{type(lock).__qualname__} is no lock: it has none of {', '.join(names)}")
