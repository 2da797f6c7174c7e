"""Instrument `fcntl.flock`: every taking of a file's lock is told, by the file's path.

A lock that goes with its file descriptor is not seen to go: it counts as held until its process, or
another, is seen to have the file's lock anew.
"""

import fcntl
import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from spanledger import locks_lives as lives
from spanledger.instrumentors.patching import Instrumentor, Patches
from spanledger.locks_lives import Life, Tag, place_of
from spanledger.locks_taking import take

__all__ = ["FlockInstrumentor"]

_HELD: Final[dict[int, Life]] = {}
"""What is held through each file descriptor."""


class FlockInstrumentor(Instrumentor):
    """`FlockInstrumentor().instrument()`."""

    def put_in_place(self, patches: Patches) -> None:
        """Replace the methods."""
        patches.put(fcntl, "flock", _flocking(fcntl.flock))


def _flocking(original: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
    @functools.wraps(original)
    def flock(fd: Any, operation: int, /) -> None:
        if lives.is_telling() or _is_anothers_tool():
            original(fd, operation)
            return
        number = fd if isinstance(fd, int) else int(fd.fileno())
        if operation & fcntl.LOCK_UN:
            original(fd, operation)
            _end(_HELD.pop(number, None))
        else:
            _take(original, number, operation)

    return flock


def _take(original: Callable[[Any, int], None], number: int, operation: int) -> None:
    mode = "shared" if operation & fcntl.LOCK_SH else "exclusive"
    path = _path_of(number)
    tag = Tag(path, "flock", place_of(path), mode)

    def attempt(_timeout: float | None) -> bool:
        original(number, operation)
        return True

    life = take(tag, attempt, 0 if operation & fcntl.LOCK_NB else None)
    if life is not None:
        for other, held in list(_HELD.items()):
            if other == number or (held.tag.key == tag.key and mode == "exclusive"):
                _end(_HELD.pop(other, None))
        _HELD[number] = life


def _end(life: Life | None) -> None:
    if life is not None:
        lives.released(life)


def _path_of(number: int) -> str:
    """The file's path, else its device and inode."""
    try:
        return str(Path(f"/proc/self/fd/{number}").readlink())
    except OSError:
        found = os.fstat(number)
        return f"{found.st_dev}:{found.st_ino}"


def _is_anothers_tool() -> bool:
    """Whether a lock library calls, which is told of itself: two frames up is who called flock."""
    frame = inspect.currentframe()
    for _ in range(2):
        frame = frame.f_back if frame is not None else None
    module = "" if frame is None else str(frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in ("filelock", "spanledger", "spanledger_exporters")
