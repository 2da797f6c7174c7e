"""Read journal files back, whole groups only, and put the rest of a damaged file aside."""

import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spanledger_exporters.storing.compression import open_kept
from spanledger_exporters.storing.journal import MARK, FileLock, is_linked

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Group:
    """Lines between two markers. `requests` is None where the marker is missing or wrong."""

    start: int
    end: int
    lines: bytes
    records: int
    requests: tuple[str, ...] | None

    @property
    def whole(self) -> bool:
        """Whether the marker confirms the lines."""
        return self.requests is not None


def groups(path: Path) -> Iterator[Group]:
    """Every group of a journal file (.jsonl or .jsonl.zst), damaged ones included, in order."""
    start = place = 0
    lines: list[bytes] = []
    with open_kept(path) as file:
        for line in file:
            place += len(line)
            if line.startswith(MARK) and line.endswith(b"\n"):
                yield _group(start, place, b"".join(lines), line)
                start, lines = place, []
            else:
                lines.append(line)
    if lines:
        yield Group(start, place, b"".join(lines), 0, None)


def _group(start: int, end: int, lines: bytes, line: bytes) -> Group:
    try:
        commit = json.loads(line)["$commit"]
        records, crc = int(commit["records"]), int(commit["crc"], 16)
        requests = tuple(str(r) for r in commit["requests"])
    except (ValueError, KeyError, TypeError):
        return Group(start, end, lines, 0, None)
    good = zlib.crc32(lines) == crc and lines.count(b"\n") == records
    return Group(start, end, lines, records, requests if good else None)


@dataclass(frozen=True, slots=True)
class Recovered:
    """An abandoned hot file after recovery: its lines are whole, its lock is ours.

    `cut` bytes had no marker and were never acknowledged; `damaged` groups had one and were.
    """

    path: Path
    lock: FileLock
    records: int
    cut: int
    damaged: tuple[bytes, ...]

    def close(self) -> None:
        """Let go of the lock; a second time changes nothing."""
        self.lock.close()


def claim(path: Path) -> Recovered | None:
    """Take over a hot file whose writer is gone; None while it lives or the file has gone."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    lock = FileLock(handle)
    if not is_linked(path, handle):
        lock.close()
        return None
    return _recover(path, lock)


def _recover(path: Path, lock: FileLock) -> Recovered:
    found = list(groups(path))
    tail = found.pop() if found and not found[-1].whole and _unmarked(path, found[-1]) else None
    damaged = tuple(g.lines for g in found if not g.whole)
    if damaged:
        _rewrite(path, b"".join(_with_marker(path, g) for g in found if g.whole))
    elif tail:
        os.ftruncate(lock.handle, tail.start)
        os.fsync(lock.handle)
    return Recovered(
        path,
        lock,
        records=sum(g.records for g in found if g.whole),
        cut=tail.end - tail.start if tail else 0,
        damaged=damaged,
    )


def _unmarked(path: Path, group: Group) -> bool:
    """Whether the last group simply was not finished, as after a kill."""
    with path.open("rb") as file:
        file.seek(max(group.start, group.end - _CHUNK))
        return MARK not in file.read()


def _with_marker(path: Path, group: Group) -> bytes:
    with path.open("rb") as file:
        file.seek(group.start)
        return file.read(group.end - group.start)


def _rewrite(path: Path, content: bytes) -> None:
    """Replace a file by its good groups."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def request_hashes(path: Path) -> Iterator[str]:
    """The hashes of all requests in a journal file."""
    with open_kept(path) as file:
        for line in file:
            if line.startswith(MARK):
                yield from _group(0, 0, b"", line).requests or _requests(line)


def _requests(line: bytes) -> tuple[str, ...]:
    try:
        return tuple(json.loads(line)["$commit"]["requests"])
    except (ValueError, KeyError, TypeError):
        return ()
