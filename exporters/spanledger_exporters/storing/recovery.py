"""Read journal files back, whole groups only, and put the rest of a damaged file aside."""

import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spanledger_exporters.storing import compression
from spanledger_exporters.storing.journal import MARK, FileLock, is_linked, marker
from spanledger_exporters.storing.layout import sync_folder

_MARKED: Final = re.compile(rb'"records":\d+,"requests":\[|"crc":"[0-9a-f]{8}"\}')
"""In a marker, even in one with a wrong bit; never unescaped in a line of text."""


class DamagedFileError(Exception):
    """A compressed journal file cannot be read on from some place; the message names it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines between two markers. `requests` is None where the marker is missing or wrong.

    `torn` is a last group that was simply not finished, as after a kill.
    """

    start: int
    lines: bytes
    records: int
    requests: tuple[str, ...] | None
    torn: bool = False

    @property
    def whole(self) -> bool:
        """Whether the marker confirms the lines."""
        return self.requests is not None


@dataclass(frozen=True, slots=True)
class _Commit:
    """What a marker says; `rest` is the line behind it, when its own end was overwritten."""

    records: int
    crc: int
    requests: tuple[str, ...]
    rest: bytes


def groups(path: Path) -> Iterator[Group]:
    """Every group of a journal file, compressed or not, damaged ones included, in order.

    Raises DamagedFileError after the groups that can still be decompressed.
    """
    start = place = 0
    lines: list[bytes] = []
    for line in _lines(path):
        place += len(line)
        commit = _commit(line) if line.startswith(MARK) else None
        if commit is None:
            lines.append(line)
            continue
        yield from _closed(start, lines, commit)
        start = place - len(commit.rest)
        lines = [commit.rest] if commit.rest else []
    if lines:
        rest = b"".join(lines)
        complete, _, _ = rest.rpartition(b"\n")
        yield Group(start, rest, 0, None, torn=not _MARKED.search(complete))


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with compression.open_kept(path) as file:
            yield from file
    except compression.DamagedError as error:
        raise DamagedFileError(f"{path}: {error}; restore it from a copy") from error


def _commit(line: bytes) -> _Commit | None:
    """None when the line is no marker, or one whose last byte was never written."""
    try:
        # Markers are ASCII; behind a wrong bit there may be anything.
        text = line.decode("latin-1")
        found, end = json.JSONDecoder().raw_decode(text)
        commit = found["$commit"]
        records, crc = int(commit["records"]), int(commit["crc"], 16)
        requests = tuple(str(request) for request in commit["requests"])
    except (ValueError, KeyError, TypeError):
        return None
    return (
        _Commit(records, crc, requests, text[end + 1 :].encode("latin-1")) if text[end:] else None
    )


def _closed(start: int, lines: list[bytes], commit: _Commit) -> Iterator[Group]:
    """The group a marker closes: as many lines as it says. What is before has lost its marker."""
    first = max(0, len(lines) - commit.records)
    ours = b"".join(lines[first:])
    before = b"".join(lines[:first])
    if zlib.crc32(ours) == commit.crc and len(lines) - first == commit.records:
        if before:
            yield Group(start, before, 0, None)
        yield Group(start + len(before), ours, commit.records, commit.requests)
    else:
        yield Group(start, before + ours, commit.records, None)


@dataclass(frozen=True, slots=True)
class Recovered:
    """An abandoned hot file after recovery: its lines are whole, its lock is ours.

    `cut` bytes at its end had no marker and were never acknowledged; `damaged` groups had one.
    """

    path: Path
    lock: FileLock
    records: int
    cut: int
    damaged: int

    def close(self) -> None:
        """Let go of the lock; a second time changes nothing."""
        self.lock.close()


def claim(path: Path, bury: Callable[[bytes], None]) -> Recovered | None:
    """Take over a hot file whose writer is gone; None while it lives or the file has gone.

    Damaged groups are given to `bury` before they are taken out of the file.
    """
    try:
        lock = FileLock(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return None
    try:
        if lock.take() and is_linked(path, lock.handle):
            return _recover(path, lock, bury)
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None


def is_abandoned(path: Path) -> bool:
    """Whether a hot file's writer is gone."""
    try:
        lock = FileLock(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        return False
    try:
        return lock.take()
    finally:
        lock.close()


def _recover(path: Path, lock: FileLock, bury: Callable[[bytes], None]) -> Recovered:
    found = list(groups(path))
    tail = found.pop() if found and found[-1].torn else None
    damaged = [group.lines for group in found if not group.whole]
    for lines in damaged:
        bury(lines)
    if damaged:
        _rewrite(path, found)
    elif tail:
        os.ftruncate(lock.handle, tail.start)
        os.fsync(lock.handle)
    return Recovered(
        path,
        lock,
        records=sum(group.records for group in found if group.whole),
        cut=len(tail.lines) if tail else 0,
        damaged=len(damaged),
    )


def _rewrite(path: Path, found: Iterable[Group]) -> None:
    """Replace a file by its good groups. Its lock stays with the old one: only for publishers."""
    temporary = path.with_suffix(".tmp")
    _copy(found, temporary)
    temporary.replace(path)
    sync_folder(path.parent)


def _copy(found: Iterable[Group], target: Path) -> None:
    with target.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        for group in found:
            if group.requests is not None:
                file.write(group.lines)
                file.write(marker(group.lines, group.records, group.requests))
        file.flush()
        os.fsync(file.fileno())


def salvage(path: Path, target: Path) -> list[str]:
    """Copy the whole groups of a kept file to a plain one; a line for each problem."""
    problems: list[str] = []

    def whole() -> Iterator[Group]:
        try:
            for group in groups(path):
                if not group.whole:
                    problems.append(f"{path}: group at byte {group.start} is damaged")
                yield group
        except DamagedFileError as error:
            problems.append(str(error))

    _copy(whole(), target)
    return problems


def request_hashes(path: Path) -> Iterator[str]:
    """The hashes of all requests whose groups are whole in a journal file.

    Others were perhaps never acknowledged: their retry is no repetition.
    """
    for group in groups(path):
        yield from group.requests or ()
