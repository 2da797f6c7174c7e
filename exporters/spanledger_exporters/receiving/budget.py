"""Bound the bytes of all requests that are being read at once."""

import threading
from types import TracebackType
from typing import Self

from spanledger_exporters.errors import BusyError


class Budget:
    """A number of bytes shared by all requests."""

    def __init__(self, limit_bytes: int) -> None:
        self._left = limit_bytes
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Raises BusyError when too many bytes are in flight."""
        with self._lock:
            if size > self._left:
                raise BusyError("too many requests are being read, try again")
            self._left -= size

    def give(self, size: int) -> None:
        """Return what was taken."""
        with self._lock:
            self._left += size


class Claim:
    """One request's part of the budget; leaving the block returns it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._taken = 0

    def add(self, size: int) -> None:
        """Take more; raises BusyError when there is none."""
        self._budget.take(size)
        self._taken += size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._budget.give(self._taken)
