"""Name every file of a data directory.

    journal/hot/<signal>-<utc>-<writer>-<n>.jsonl           growing, or sealed and not yet published
    journal/hot/<signal>-<utc>-<writer>-<n>.wide            the same, with lines too long for a view
    journal/hot/*.tmp, segments/<signal>/*.tmp-<pid>        in the making, or left by a crash
    journal/<YYYY-MM-DD>/<signal>-<utc>-<writer>-<n>.jsonl.zst   published; the truth
    segments/<signal>/<utc>-<writer>-<n>.parquet            derived, immutable
    settled/<utc>-<writer>-<n>/                             derived: see settled.py
    deadletter/<signal>-<writer>.jsonl
    ledger.duckdb                                           derived
    generations/<name>/ledger.duckdb                        the same file, and older ones in use

`journal/hot/<signal>-none.jsonl` and `segments/<signal>/none.parquet` are empty and stay: a view
may then always name them.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from spanledger_exporters.columns import TABLES
from spanledger_exporters.errors import StoreError

SIGNALS: Final = tuple(TABLES)
NONE: Final = "none"
_STEM: Final = re.compile(r"(?P<signal>spans|logs|metrics)-(?P<stem>\d{8}T\d{12}Z-[0-9a-f]+-\d+)")


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one data directory."""

    root: Path

    @property
    def journal(self) -> Path:
        """The JSON lines, growing and kept."""
        return self.root / "journal"

    @property
    def hot(self) -> Path:
        """The journal files that are not published."""
        return self.journal / "hot"

    @property
    def deadletter(self) -> Path:
        """What could not be decoded."""
        return self.root / "deadletter"

    @property
    def ledger(self) -> Path:
        """The DuckDB file with the views."""
        return self.root / "ledger.duckdb"

    @property
    def generations(self) -> Path:
        """A folder for each of those files that is in use: the newest, and what is still open."""
        return self.root / "generations"

    @property
    def settled(self) -> Path:
        """The folders of what is settled."""
        return self.root / "settled"

    @property
    def settle_lock(self) -> Path:
        """Held by the one process that settles, which merges must not disturb."""
        return self.root / "settle.lock"

    @property
    def publish_lock(self) -> Path:
        """Held by the one process that seals, merges and publishes."""
        return self.root / "publish.lock"

    def segments(self, signal: str) -> Path:
        """The Parquet files of one signal."""
        return self.root / "segments" / signal

    def hot_file(self, signal: str, stem: str, *, wide: bool = False) -> Path:
        """A journal file before it is published; views do not read `wide` ones."""
        return self.hot / f"{signal}-{stem}.{'wide' if wide else 'jsonl'}"

    def kept_file(self, signal: str, stem: str) -> Path:
        """The same file afterwards, under the day of its first record."""
        day = f"{stem[:4]}-{stem[4:6]}-{stem[6:8]}"
        return self.journal / day / f"{signal}-{stem}.jsonl.zst"

    def segment_file(self, signal: str, stem: str) -> Path:
        """The segment made of a journal file, or of several merged."""
        return self.segments(signal) / f"{stem}.parquet"

    def hot_files(self, signal: str) -> list[Path]:
        """Unpublished journal files of a signal, oldest first."""
        found = (*self.hot.glob(f"{signal}-*.jsonl"), *self.hot.glob(f"{signal}-*.wide"))
        return sorted(p for p in found if stem_of(p))

    def kept_files(self, signal: str, since: date = date.min) -> list[Path]:
        """Published journal files of a signal from a day on, oldest first."""
        days = [p for p in self.journal.glob("[0-9]*-[0-9]*-[0-9]*") if p.name >= str(since)]
        found = (path for day in days for path in day.glob(f"{signal}-*.jsonl.zst"))
        return sorted((p for p in found if stem_of(p)), key=lambda p: p.name)

    def segment_files(self, signal: str) -> list[Path]:
        """Complete segments of a signal, oldest first, the empty one left out."""
        return sorted(p for p in self.segments(signal).glob("*.parquet") if p.stem != NONE)

    def create(self) -> None:
        """Make the tree, readable by its owner only. Raises StoreError when that fails."""
        if "?" in str(self.root):
            # DuckDB takes what is behind it for parameters.
            raise StoreError(f"cannot use {self.root}, for its '?': choose another with --data")
        try:
            for path in self._folders():
                if not path.is_dir():
                    path.mkdir(mode=0o700, parents=True, exist_ok=True)
                    sync_folder(path.parent)
            for signal in SIGNALS:
                touch(self.hot / f"{signal}-{NONE}.jsonl")
        except OSError as error:
            raise StoreError(
                f"cannot write to {self.root}: {error.strerror}; choose another with --data"
            ) from error
        if not os.access(self.hot, os.W_OK | os.X_OK):
            raise StoreError(f"cannot write to {self.root}; choose another with --data")

    def _folders(self) -> Iterator[Path]:
        yield from (self.root, self.journal, self.hot, self.deadletter)
        yield from (self.root / "segments", self.settled, self.generations)
        yield from (self.segments(signal) for signal in SIGNALS)


def new_stem(writer: str, number: int) -> str:
    """`<utc>-<writer>-<n>`: sorts by time, unique by writer and number."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{writer}-{number}"


def stem_of(path: Path) -> str | None:
    """The stem in a journal file's name; None for a file that is not ours."""
    found = _STEM.match(path.name)
    return found["stem"] if found else None


def touch(path: Path) -> None:
    """Make the file if it is missing, for its owner only."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def sync_folder(path: Path) -> None:
    """Make creations and renames in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
