"""Take locks of any make and have it told: the one way, for `spanledger.lock` and instrumentors."""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from spanledger import locks_lives as lives
from spanledger.locks_lives import Life, Tag

Attempt = Callable[[float | None], bool]
"""Try for so many seconds, None for ever, 0 not at all; whether the lock is had."""


class Holds:
    """The lives in which one lock object is held: one, or as many as a semaphore lets in."""

    __slots__ = ("_lives",)

    def __init__(self) -> None:
        self._lives: deque[Life] = deque()

    def add(self, life: Life) -> None:
        """The lock is held once more."""
        self._lives.append(life)

    def drop(self) -> Life | None:
        """The hold that ends now: the running thread's last one, else the oldest."""
        here = threading.get_ident()
        try:
            for life in reversed(self._lives):
                if life.thread == here:
                    self._lives.remove(life)
                    return life
            return self._lives.popleft()
        except (IndexError, RuntimeError, ValueError):
            return None  # released more often than taken, or by two threads at once


class _Trial:
    """One try for a lock: in the end, its life is told to have been had or given up."""

    __slots__ = ("_life", "_timeout", "is_had")

    def __init__(self, life: Life, timeout: float | None) -> None:
        self._life, self._timeout = life, timeout
        self.is_had = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        if self.is_had:
            lives.acquired(self._life)
        else:
            lives.given_up(self._life, self._outcome(kind))

    def _outcome(self, kind: type[BaseException] | None) -> str:
        if kind is None or issubclass(kind, TimeoutError | BlockingIOError):
            return "denied" if self._timeout == 0 else "timeout"
        return "error" if issubclass(kind, Exception) else "cancelled"


def take(tag: Tag, attempt: Attempt, timeout: float | None) -> Life | None:
    """Take a lock that can be tried: what took longer than the tag's threshold is told.

    What is not told costs no more than a try, two clocks and a dictionary entry. None: not had.
    """
    if tag.threshold_s > 0 and attempt(0):
        return lives.taken(tag)
    life = lives.request(tag)
    with _Trial(life, timeout) as trial:
        trial.is_had = _waits(life, attempt, timeout)
    return life if trial.is_had else None


def _waits(life: Life, attempt: Attempt, timeout: float | None) -> bool:
    patience_s = life.tag.threshold_s
    if patience_s > 0 and timeout != 0:
        if timeout is not None and timeout <= patience_s:
            return attempt(timeout)
        if attempt(patience_s):
            return True
        timeout = None if timeout is None else timeout - patience_s
    if timeout != 0 or patience_s == 0:
        lives.tell_requested(life)
    return attempt(timeout)


def task_name() -> str:
    """The running task's; empty where none runs."""
    task = asyncio.current_task()
    return "" if task is None else task.get_name()


async def take_async(tag: Tag, attempt: Callable[[], Awaitable[object]]) -> Life:
    """The same for a lock that is awaited: a request is told when the threshold has passed."""
    life = lives.request(tag, task_name())
    loop = asyncio.get_running_loop()
    timer = loop.call_later(tag.threshold_s, lives.tell_requested, life)
    if tag.threshold_s <= 0:
        lives.tell_requested(life)
    with _Trial(life, None) as trial:
        try:
            trial.is_had = await attempt() is not False
        finally:
            timer.cancel()
    if not trial.is_had:
        raise TimeoutError(f"the lock {tag.key!r} was not to be had in time")
    return life
