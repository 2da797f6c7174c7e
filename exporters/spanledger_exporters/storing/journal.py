"""Append records to hot files, a group at a time, whole or not at all.

A group is the lines of one or more requests and then a marker line
`{"$commit":{"records":N,"requests":["<hash>",…],"crc":"<crc32 of the lines>"},…}`. What has no
marker behind it was never acknowledged: `recovery.py` cuts it off.
"""

import contextlib
import errno
import fcntl
import json
import os
import re
import time
import zlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Final

from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing.layout import Layout, new_stem, stem_of, sync_folder

MARK: Final = b'{"$commit":'
# DuckDB takes twice this of every reading thread's memory, for empty files too.
LONGEST_LINE: Final = 16 << 20
"""Bytes of a line that a view can read; a longer one is seen when it is published."""
_POLL_S: Final = 0.01
_RECEIPT_BYTES: Final = 200
_RECEIPT: Final = re.compile(rb'\{"received_ns":\d+,"writer":"([0-9a-f]+)","seq":(\d+)')


def marker(lines: bytes | memoryview, records: int, requests: Sequence[str]) -> bytes:
    """The line that closes a group.

    `writer` and `committed` (the last line's seq) are there for readers: a view shows a hot file's
    lines up to there, so that a group that is being written is not seen by half.
    """
    commit = {"records": records, "requests": list(requests), "crc": f"{zlib.crc32(lines):08x}"}
    mark = {"$commit": commit} | _last(lines)
    return json.dumps(mark, separators=(",", ":")).encode() + b"\n"


def _last(lines: bytes | memoryview) -> dict[str, str | int]:
    """Who wrote the last line and its number: every line begins with its receipt."""
    last = bytes(lines[bytes(lines[:-1]).rfind(b"\n") + 1 :][:_RECEIPT_BYTES])
    found = _RECEIPT.match(last)
    return {"writer": found[1].decode(), "committed": int(found[2])} if found else {}


_LOCKS: Final[set["FileLock"]] = set()
"""All that are open in this process."""


def _forget_locks() -> None:
    """In a forked child: a lock lives as long as any copy of its handle, so close ours."""
    for lock in list(_LOCKS):
        lock.forget()


os.register_at_fork(after_in_child=_forget_locks)


class FileLock:
    """An open file that is locked until it is closed."""

    def __init__(self, handle: int) -> None:
        """Own the handle from now on."""
        self.handle = handle
        self._open = True
        _LOCKS.add(self)

    def take(self) -> bool:
        """Lock it; False when somebody else has it."""
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Let go, even if a forked child holds a copy; a second time changes nothing."""
        if self._open:
            fcntl.flock(self.handle, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """Close this copy of the handle and leave the lock to the process it belongs to."""
        if self._open:
            self._open = False
            _LOCKS.discard(self)
            os.close(self.handle)


@contextlib.contextmanager
def exclusive(path: Path, wait_s: float = 0.0) -> Generator[bool]:
    """Whether this process, alone, has the lock of that name for the length of the block."""
    lock = FileLock(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    deadline = time.monotonic() + wait_s
    try:
        while not (mine := lock.take()) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        yield mine
    finally:
        lock.close()


def _create_locked(path: Path) -> int:
    """A new file, which nobody finds without its lock: it would be taken for abandoned."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
    temporary = path.with_suffix(".tmp")
    while True:
        handle = os.open(temporary, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            temporary.rename(path)
        except OSError as error:
            os.close(handle)
            # A publisher that has just started sweeps.
            if not isinstance(error, FileNotFoundError):
                raise
        else:
            return handle


def is_linked(path: Path, handle: int) -> bool:
    """Whether the path still names the open file."""
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False


class HotFile:
    """One growing journal file, locked by the process that writes it."""

    def __init__(self, path: Path) -> None:
        """Create the file; raises StoreError when the disk does not let us."""
        self.path = path
        self.size = 0
        self.records = 0
        self.suspect = False
        """Whether the disk may hold something else than we wrote."""
        self.started = time.monotonic()
        try:
            self._lock = FileLock(_create_locked(path))
            sync_folder(path.parent)
        except OSError as error:
            raise _store_error(path, error) from error
        self._handle = self._lock.handle

    @property
    def stem(self) -> str:
        """The file's `<utc>-<writer>-<n>`."""
        return stem_of(self.path) or ""

    def append(
        self, lines: bytes | memoryview, records: int, requests: Sequence[str], *, durable: bool
    ) -> None:
        """Write one group and, when `durable`, wait until the disk has it.

        After a StoreError the file is as it was before: nothing of the group stays.
        """
        group = (lines, marker(lines, records, requests))
        try:
            written = write_whole(self._handle, group)
            if durable:
                self._sync()
        except OSError as error:
            self._take_back()
            raise _store_error(self.path, error) from error
        self.size += written
        self.records += records

    def _sync(self) -> None:
        try:
            os.fdatasync(self._handle)
        except OSError:
            # The kernel may drop what it could not write, and report it only once.
            self.suspect = True
            raise

    def _take_back(self) -> None:
        try:
            os.ftruncate(self._handle, self.size)
        except OSError:
            self.suspect = True

    def close(self) -> None:
        """Let go of the file and its lock; a second time changes nothing."""
        self._lock.close()


class Journal:
    """The hot files of one writer, one a signal. Not thread-safe: its owner holds a lock."""

    def __init__(self, layout: Layout, writer: str, *, durable: bool) -> None:
        """`durable`: wait for the disk before a group counts as written."""
        self.layout = layout
        self.writer = writer
        self._durable = durable
        self._files: dict[str, HotFile] = {}
        self._retired: list[tuple[str, HotFile]] = []
        self._number = 0

    def append(
        self, signal: str, lines: bytes | memoryview, records: int, requests: Sequence[str]
    ) -> None:
        """Write one group to the signal's file; raises StoreError and keeps nothing of it."""
        wide = _longest(lines) > LONGEST_LINE
        if wide:
            self.rotate(signal)
        file = self._files.get(signal) or self._start(signal, wide=wide)
        try:
            file.append(lines, records, requests, durable=self._durable)
        finally:
            if wide or file.suspect:
                self.rotate(signal)

    def rotate(self, signal: str) -> None:
        """Stop writing the signal's file, if there is one."""
        file = self._files.pop(signal, None)
        if file and file.records:
            self._retired.append((signal, file))
        elif file:
            # Whoever publishes next takes it for abandoned and removes it.
            file.close()

    def has_retired(self) -> bool:
        """Whether a file waits to be taken."""
        return bool(self._retired)

    def take_retired(self) -> list[tuple[str, HotFile]]:
        """Files that are no longer written, with their signals; each is handed out once."""
        retired, self._retired = self._retired, []
        return retired

    def open_file(self, signal: str) -> HotFile | None:
        """The file being written, to ask its size."""
        return self._files.get(signal)

    def _start(self, signal: str, *, wide: bool) -> HotFile:
        self._number += 1
        stem = new_stem(self.writer, self._number)
        self._files[signal] = HotFile(self.layout.hot_file(signal, stem, wide=wide))
        return self._files[signal]


def _longest(lines: bytes | memoryview) -> int:
    """At least the length of the longest line; exact only where it matters."""
    if len(lines) <= LONGEST_LINE:
        return len(lines)
    return max(map(len, bytes(lines).split(b"\n")))


def write_whole(handle: int, parts: Sequence[bytes | memoryview]) -> int:
    """One write call, so that other processes' appends cannot come between; short means full."""
    size = sum(map(len, parts))
    if os.writev(handle, parts) < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return size


def _store_error(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot write {path}: {error.strerror or error}")
