"""Instrument `filelock`: every taking of a lock file is told, by the file's path.

Other processes cannot see who has it, so nothing is left out for being quick.
"""

import functools
import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from spanledger import locks_lives as lives
from spanledger.instrumentors.patching import Instrumentor, Patches, Told, tell_of, told_of
from spanledger.locks_lives import Tag, place_of
from spanledger.locks_taking import take

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["FileLockInstrumentor"]


class FileLockInstrumentor(Instrumentor):
    """`FileLockInstrumentor().instrument()`."""

    def instrumentation_dependencies(self) -> Collection[str]:
        """As requirements."""
        return ("filelock >= 3.12",)

    def put_in_place(self, patches: Patches) -> None:
        """Replace the methods."""
        try:
            import filelock  # noqa: PLC0415 - not everybody has it
        except ImportError:
            return
        made = filelock.BaseFileLock
        patches.put(made, "acquire", _acquiring(made.acquire))
        patches.put(made, "release", _releasing(made.release))


def _acquiring(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def acquire(self: "BaseFileLock", *args: Any, **kwargs: Any) -> Any:
        if self.is_locked or lives.is_telling():
            return original(self, *args, **kwargs)
        told = told_of(self) or _begin(self)
        proxies: list[Any] = []

        def attempt(_timeout: float | None) -> bool:
            proxies.append(original(self, *args, **kwargs))
            return True

        life = take(told.tag, attempt, 0 if kwargs.get("blocking") is False else None)
        if life is not None:
            told.holds.add(life)
        return proxies[0]

    return acquire


def _begin(lock: "BaseFileLock") -> Told:
    path = os.path.realpath(lock.lock_file)
    return tell_of(lock, Tag(path, f"filelock.{type(lock).__name__}", place_of(path)))


def _releasing(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def release(self: "BaseFileLock", *args: Any, **kwargs: Any) -> None:
        was_locked = self.is_locked
        original(self, *args, **kwargs)
        told = told_of(self)
        if told is not None and was_locked and not self.is_locked:
            life = told.holds.drop()
            if life is not None:
                lives.released(life)

    return release
