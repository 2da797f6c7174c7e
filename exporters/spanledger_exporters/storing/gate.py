"""Tell whether anybody has `ledger.duckdb` open, without opening it.

DuckDB holds a POSIX record lock on the whole file while it is open. Asking the kernel costs 2 us
where an attempt to open costs milliseconds, so a publisher can wait for the moment between two
readers' queries.
"""

import fcntl
import os
import struct
from pathlib import Path
from typing import Final

# struct flock on Linux: type, whence, start, length, pid.
_FLOCK: Final = "hhqqi4x"

# By device and inode. Never closed: closing any handle of a file drops this process's locks on it,
# which a reader in the same process may hold.
_HANDLES: Final[dict[tuple[int, int], int]] = {}


def holder(path: Path) -> int | None:
    """The process that keeps the file from being opened for writing; None when nobody does."""
    try:
        handle = _handle(path)
    except FileNotFoundError:
        return None
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else int(pid)


def _handle(path: Path) -> int:
    found = path.stat()
    key = (found.st_dev, found.st_ino)
    if key not in _HANDLES:
        _HANDLES[key] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return _HANDLES[key]


def name_of(pid: int) -> str:
    """`duckdb (PID 123)`, as far as the system tells."""
    try:
        command = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        command = "a process"
    return f"{command} (PID {pid})"
