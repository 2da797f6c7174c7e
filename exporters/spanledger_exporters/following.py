"""Import files while another program writes them: what the Collector's file exporter makes.

A file is known by its device and inode and by how it begins, so a rotated file keeps its place
under its new name, a new file that was given an old inode is new, and one that was cut down is
read again from its start. Only whole lines and whole messages are taken. Places are written into
the data directory after what stands before them is durable; what is sent twice after a crash is
recognised by the store.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from spanledger_exporters.errors import NotFoundError, StoreError
from spanledger_exporters.importing import Note, Report, Sender
from spanledger_exporters.receiving.answers import Door
from spanledger_exporters.unpacking import files_below, grown, is_compressed

POLL_S: Final = 0.5
_ROUND: Final = 8 << 20
"""Bytes of one file that are sent before its place is written down and it is another's turn."""
_HEAD: Final = 16 << 10
"""Lines often begin alike, with the same resource; in 16 KiB there is an id or a time."""

_MOST: Final = 10_000
"""Files that are remembered."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file was read: `offset` bytes, `number` lines or messages.

    `head` is the hash of its first `head_size` bytes.
    """

    device: int
    inode: int
    head_size: int
    head: str
    offset: int = 0
    number: int = 0


class Follower:
    """Reads what is new in files and folders, again and again."""

    def __init__(self, door: Door, paths: Sequence[Path], folder: Path) -> None:
        """Places are remembered in `folder`. Raises NotFoundError for a path in no folder."""
        self._sender = Sender(door)
        self._paths = [path.resolve() for path in paths]
        for path in self._paths:
            if not path.parent.is_dir():
                raise NotFoundError(f"there is no folder {path.parent}")
        self._file = folder / f"followed-{_name(self._paths)}.json"
        self._places = {(place.device, place.inode): place for place in _remembered(self._file)}
        self._refused: set[Path] = set()
        self._idle: dict[Path, tuple[int, int, int]] = {}
        self.files: set[tuple[int, int]] = set()
        """What was read from, as device and inode."""

    def run(self, stop: threading.Event, told: Callable[[Report], None]) -> None:
        """Read until told to stop; `told` gets what a round brought, if it brought anything."""
        while True:
            more = self.round(told)
            if stop.wait(0 if more else POLL_S):
                return

    def round(self, told: Callable[[Report], None] = lambda _: None) -> bool:
        """Look at every file once; true when one had more than its share. All of it is durable."""
        shares = [self._look(path) for path in _watched(self._paths)]
        self._sender.settle(0)
        report, self._sender.report = self._sender.report, Report()
        if report.requests or report.notes:
            _remember(self._file, list(self._places.values())[-_MOST:])
            told(report)
        return any(share >= _ROUND for share in shares)

    def _look(self, path: Path) -> int:
        """How many bytes were taken from it."""
        try:
            return self._look_into(path)
        except FileNotFoundError:
            return 0  # renamed since it was listed: the next round has its new name
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error

    def _look_into(self, path: Path) -> int:
        state = path.stat()
        now = (state.st_ino, state.st_size, state.st_mtime_ns)
        if self._idle.get(path) == now:
            return 0
        with path.open("rb") as raw:
            taken = self._refuse(path) if is_compressed(raw) else self._take(path, raw)
        if not taken:
            self._idle[path] = now
        return taken

    def _take(self, path: Path, raw: BinaryIO) -> int:
        place = self._place(raw)
        offset, number = place.offset, place.number
        for piece, after in grown(path, raw, place.offset, place.number, _ROUND):
            if piece is not None:
                self._sender.take(piece, path.name)
            offset, number = after, number + 1
        key = place.device, place.inode
        self._places.pop(key, None)  # the last one read stands last
        self._places[key] = replace(place, offset=offset, number=number)
        if number > place.number:
            self.files.add(key)
        return offset - place.offset

    def _place(self, raw: BinaryIO) -> Place:
        status = os.fstat(raw.fileno())
        known = self._places.get((status.st_dev, status.st_ino))
        size = min(status.st_size, _HEAD)
        if known and known.offset <= status.st_size and _hash(raw, known.head_size) == known.head:
            return replace(known, head_size=size, head=_hash(raw, size))
        return Place(status.st_dev, status.st_ino, size, _hash(raw, size))

    def _refuse(self, path: Path) -> int:
        """Tell once: such a file does not grow, and is often the copy of one that was read."""
        if path not in self._refused:
            self._refused.add(path)
            reason = "compressed files are not followed: import it by itself if it is new"
            self._sender.report.notes.append(Note(str(path), reason))
        return 0


def _watched(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and what was rotated away from them, the oldest first."""
    for path in paths:
        if path.is_dir():
            yield from files_below(path)
        else:
            family = (file for file in path.parent.iterdir() if _is_of(file.name, path))
            yield from sorted(family, key=_age)


def _is_of(name: str, path: Path) -> bool:
    """`agents.jsonl` itself; `agents-<time>.jsonl`, as the Collector rotates; `agents.jsonl.1`."""
    rotated = name.startswith(f"{path.stem}-") and name.endswith(path.suffix)
    return name == path.name or rotated or name.startswith(f"{path.name}.")


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _hash(raw: BinaryIO, size: int) -> str:
    raw.seek(0)
    return hashlib.sha256(raw.read(size)).hexdigest()


def _name(paths: Sequence[Path]) -> str:
    """Each set of paths has a memory of its own, so that two followers do not overwrite it."""
    return hashlib.sha256("\n".join(sorted(map(str, paths))).encode()).hexdigest()[:12]


def _remembered(file: Path) -> list[Place]:
    try:
        return [Place(**entry) for entry in json.loads(file.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (ValueError, TypeError) as error:
        raise StoreError(f"{file} is damaged: remove it, and all is read from the start") from error


def _remember(file: Path, places: Sequence[Place]) -> None:
    """Replace the memory at once; no sync: an older one only means sending some twice."""
    new = file.with_suffix(".new")
    new.touch(0o600)
    new.write_text(json.dumps([asdict(place) for place in places]), encoding="utf-8")
    new.replace(file)
