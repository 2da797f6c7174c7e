"""Stand in for `threading`'s Lock and RLock: the same to use, and told of."""

import threading
from types import TracebackType
from typing import Final, Protocol

from spanledger import locks_lives as lives
from spanledger.locks_lives import Life, Tag
from spanledger.locks_taking import Attempt, take


class _Raw(Protocol):
    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...  # noqa: FBT001 - threading's


LOCK: Final = threading.Lock
RLOCK: Final = threading.RLock
"""As they were before anybody stood in for them."""


class TracedLock:
    """A `threading.Lock` that is told of."""

    __slots__ = ("__weakref__", "_life", "_tag", "spanledger_untraced")

    def __init__(self, tag: Tag) -> None:
        self.spanledger_untraced = LOCK()
        self._tag = tag
        self._life: Life | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as in threading
        """As ever."""
        raw = self.spanledger_untraced
        if self._tag.threshold_s and raw.acquire(False):
            self._life = lives.taken(self._tag)
            return True
        if lives.is_telling() or not blocking:
            return raw.acquire(blocking, timeout)
        life = take(self._tag, _attempt(raw), None if timeout < 0 else timeout)
        if life is not None:
            self._life = life
        return life is not None

    def release(self) -> None:
        """As ever."""
        life, self._life = self._life, None
        try:
            self.spanledger_untraced.release()
        except BaseException:
            self._life = life
            raise
        if life is not None:
            lives.released(life)

    def locked(self) -> bool:
        """Whether anybody has it."""
        return self.spanledger_untraced.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self.spanledger_untraced, self._life = LOCK(), None


class TracedRLock:
    """A `threading.RLock` that is told of: the outermost taking and its release."""

    __slots__ = ("__weakref__", "_depth", "_life", "_tag", "_thread", "spanledger_untraced")

    def __init__(self, tag: Tag) -> None:
        self.spanledger_untraced = RLOCK()
        self._tag = tag
        self._begin()

    def _begin(self) -> None:
        self._life: Life | None = None
        self._thread = self._depth = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - as in threading
        """As ever."""
        raw, here = self.spanledger_untraced, threading.get_ident()
        if self._thread == here or lives.is_telling() or not blocking:
            had, life = raw.acquire(blocking, timeout), self._life
        elif self._tag.threshold_s and raw.acquire(False):
            had, life = True, lives.taken(self._tag)
        else:
            life = take(self._tag, _attempt(raw), None if timeout < 0 else timeout)
            had = life is not None
        if had:
            self._life, self._thread = (life, here) if self._depth == 0 else (self._life, here)
            self._depth += 1
        return had

    def release(self) -> None:
        """As ever."""
        if self._thread != threading.get_ident():
            self.spanledger_untraced.release()  # which raises
            return
        life = self._life
        self._depth -= 1
        if self._depth == 0:
            self._begin()
        self.spanledger_untraced.release()
        if life is not None and life is not self._life:
            lives.released(life)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        self.release()

    def _is_owned(self) -> bool:
        return self._thread == threading.get_ident()

    def _release_save(self) -> int:
        """Let go altogether while a Condition waits; the depth to come back to."""
        depth, self._depth = self._depth, 1
        for _ in range(depth - 1):
            self.spanledger_untraced.release()
        self.release()
        return depth

    def _acquire_restore(self, depth: int) -> None:
        self.acquire()
        for _ in range(depth - 1):
            self.acquire()

    def _at_fork_reinit(self) -> None:
        self.spanledger_untraced = RLOCK()
        self._begin()


def _attempt(raw: _Raw) -> Attempt:
    def attempt(timeout: float | None) -> bool:
        if timeout is None:
            return raw.acquire()
        return raw.acquire(True, timeout) if timeout > 0 else raw.acquire(False)

    return attempt
