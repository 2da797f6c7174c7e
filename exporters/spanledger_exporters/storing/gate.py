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
    handle = _handle(path)
    if _is_open_here(handle, os.O_RDWR):
        return name_of(os.getpid())
    return _locked_by(handle, fcntl.F_RDLCK)


def shut(path: Path) -> str | None:
    """Keep everybody from opening the file; or, if somebody has it open, say who."""
    handle = _handle(path)
    if _is_open_here(handle):
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
    found, names, ours = path.stat(), set[Path](), set(_HANDLES.values())
    for link in Path("/dev/fd").iterdir():
        # What was open for the listing itself is not any more.
        with contextlib.suppress(OSError):
            if int(link.name) not in ours and os.path.samestat(link.stat(), found):
                names.add(link.readlink())
    return names


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


def _is_open_here(handle: int, mode: int = os.O_RDONLY) -> bool:
    """Whether this process has the file open by another handle as well, for reading or writing."""
    own = os.fstat(handle)
    for number in (int(path.name) for path in Path("/dev/fd").iterdir()):
        # What was open for the listing itself is not any more.
        with contextlib.suppress(OSError):
            if (
                number != handle
                and os.path.samestat(os.fstat(number), own)
                and fcntl.fcntl(number, fcntl.F_GETFL) & mode == mode
            ):
                return True
    return False


def name_of(pid: int) -> str:
    """`duckdb (PID 123)`, as far as the system tells."""
    try:
        command = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        command = "a process"
    return f"{command} (PID {pid})"
