"""Tell whether anybody has a DuckDB file open, without opening it; shut a file that nobody has.

DuckDB holds a POSIX record lock on the whole file while it is open: shared by readers, exclusive
by who may write. Asking the kernel costs 2 us where an attempt to open costs milliseconds. The
kernel tells a process nothing of its own locks, but which files it has open.
"""

import collections
import contextlib
import fcntl
import os
import struct
from pathlib import Path
from typing import Final

# struct flock on Linux: type, whence, start, length, pid.
_FLOCK: Final = "hhqqi4x"
_COPIED: Final = 1 << 30

# By device and inode. Not closed while the file is in use: closing any handle of a file drops this
# process's locks on it, which a reader in the same process may hold.
_HANDLES: Final[dict[tuple[int, int], int]] = {}

_SHUT: Final = collections.deque[int]()
_MOST_SHUT: Final = 4
"""Whoever opens a file and finds it shut when it comes to the lock has a few publishes' time."""


def writer(path: Path) -> str | None:
    """The process that has the file open for writing, by name; None when nobody does."""
    if any(flags & os.O_RDWR for _, flags in _open_here(path)):
        return name_of(os.getpid())
    return _locked_by(_handle(path), fcntl.F_RDLCK)


def shut(path: Path) -> str | None:
    """Keep everybody from opening the file; or, if somebody has it open, say who."""
    handle = _handle(path)
    if _open_here(path):
        return name_of(os.getpid())
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _locked_by(handle, fcntl.F_WRLCK) or "a process that has just gone"
    return None


def reopen(path: Path) -> None:
    """Let people in again."""
    fcntl.lockf(_handle(path), fcntl.LOCK_UN)


def bury(path: Path) -> None:
    """Delete a file that is shut. It stays shut for who has found it by then, for a while."""
    found = path.stat()
    path.unlink()
    _SHUT.append(_HANDLES.pop((found.st_dev, found.st_ino)))
    while len(_SHUT) > _MOST_SHUT:
        os.close(_SHUT.popleft())


def copy(path: Path, target: Path) -> None:
    """Copy a file that readers of this process may have open."""
    handle = _handle(path)
    with target.open("wb") as file:
        done = 0
        while count := os.sendfile(file.fileno(), handle, done, _COPIED):
            done += count


def names_here(path: Path) -> set[Path]:
    """The names by which this process has the file open; without what is open for asking."""
    return {name for name, _ in _open_here(path)}


def _handle(path: Path) -> int:
    found = path.stat()
    key = (found.st_dev, found.st_ino)
    if key not in _HANDLES:
        _forget_deleted()
        _HANDLES[key] = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    return _HANDLES[key]


def _forget_deleted() -> None:
    """Files that another process has buried."""
    for key, handle in list(_HANDLES.items()):
        if not os.fstat(handle).st_nlink:
            os.close(_HANDLES.pop(key))


def _locked_by(handle: int, kind: int) -> str | None:
    """Whose lock another process's would have to wait for."""
    asked = struct.pack(_FLOCK, kind, os.SEEK_SET, 0, 0, 0)
    found, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    return None if found == fcntl.F_UNLCK else name_of(pid)


def _open_here(path: Path) -> list[tuple[Path, int]]:
    """Name and flags of this process's handles of a file; without what is open for asking."""
    wanted, ours, found = path.stat(), set(_HANDLES.values()), list[tuple[Path, int]]()
    for link in Path("/dev/fd").iterdir():
        # Other threads close theirs meanwhile, and what the listing itself had open is closed.
        with contextlib.suppress(OSError):
            number = int(link.name)
            if number not in ours and os.path.samestat(link.stat(), wanted):
                found.append((link.readlink(), fcntl.fcntl(number, fcntl.F_GETFL)))
    return found


def name_of(pid: int) -> str:
    """`duckdb (PID 123)`, as far as the system tells."""
    try:
        command = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        command = "a process"
    return f"{command} (PID {pid})"
