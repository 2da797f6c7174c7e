"""Seal hot files into segments and show them in `ledger.duckdb`.

One process at a time does this, whoever gets `publish.lock`; the others' records are visible
meanwhile, because every view also reads the hot folder.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing import catalog, merge, recovery, repeats, segments
from spanledger_exporters.storing.compression import keep
from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.journal import HotFile
from spanledger_exporters.storing.layout import SIGNALS, Layout, stem_of
from spanledger_exporters.storing.views import Contents


@dataclass(slots=True)
class Sealed:
    """A hot file that is no longer written: by us (rows still in memory) or by somebody gone."""

    signal: str
    path: Path
    records: int
    tables: list[pa.Table]
    file: HotFile | recovery.Recovered

    @property
    def stem(self) -> str:
        """The stem of the file and of its segment."""
        return stem_of(self.path) or ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish did; `holder` says who kept it from showing the rest."""

    done: bool
    records: int = 0
    holder: str | None = None


@dataclass(slots=True)
class Publisher:
    """Seals and publishes for one writer, and for writers that are gone."""

    layout: Layout
    writer: str
    dead_letters: DeadLetters
    keep_journal: bool = True
    _number: int = 0
    _conflicts: set[tuple[str, str]] = field(default_factory=set)
    _footers: dict[Path, segments.Footer] = field(default_factory=dict)

    def publish(self, sealed: Sequence[Sealed], wait_s: float) -> Published:
        """Make the sealed files segments and show them; not done when someone is in the way.

        Afterwards the files that were shown are closed and gone from the hot folder.
        """
        with exclusive(self.layout.publish_lock) as mine:
            if not mine:
                return Published(done=False, holder="another spanledger process is publishing")
            everything = [*sealed, *self._abandoned()]
            try:
                for one in everything:
                    self._make_segment(one)
                self._merge()
                return self._show(everything, wait_s)
            finally:
                for one in everything[len(sealed) :]:
                    one.file.close()

    def _abandoned(self) -> list[Sealed]:
        """The hot files whose writers are gone, recovered."""
        found = []
        for signal in SIGNALS:
            for path in self.layout.hot_files(signal):
                claimed = recovery.claim(path)
                if claimed:
                    reason = f"damaged group in {path.name}"
                    self.dead_letters.add(signal, [Reject(g, reason) for g in claimed.damaged])
                    found.append(Sealed(signal, path, claimed.records, [], claimed))
        return found

    def _make_segment(self, sealed: Sealed) -> None:
        """Kept journal first, then the segment: each step may have been done before a crash."""
        if not sealed.records:
            return
        kept = self.layout.kept_file(sealed.signal, sealed.stem)
        if self.keep_journal and not kept.exists():
            keep(sealed.path, kept)
        target = self.layout.segment_file(sealed.signal, sealed.stem)
        if not target.exists():
            segments.write(target, [self._numbered(sealed)])
        sealed.tables.clear()

    def _numbered(self, sealed: Sealed) -> pa.Table:
        """The file's rows, with their deliveries numbered when they are spans."""
        table = (
            pa.concat_tables(sealed.tables)
            if sealed.tables
            else segments.from_journal(sealed.signal, sealed.path)
        )
        if sealed.signal != "spans":
            return table
        found = repeats.number(table, self._live("spans"))
        self._conflicts |= found.conflicts
        return found.table

    def _merge(self) -> None:
        for signal in SIGNALS:
            hot = {stem_of(path) for path in self.layout.hot_files(signal)}
            sources = merge.candidates([p for p in self._live(signal) if p.stem not in hot])
            if sources:
                self._number += 1
                merge.merge(self.layout, signal, sources, self.writer, self._number)

    def _show(self, everything: Sequence[Sealed], wait_s: float) -> Published:
        contents = {signal: self._contents(signal) for signal in SIGNALS}
        try:
            with catalog.opened(self.layout, wait_s) as connection:
                catalog.replace_views(connection, self.layout, contents, self._conflicts)
                # Nobody is reading while the file is open here: now old files may go.
                self._clear_away(everything)
        except catalog.HeldError as error:
            return Published(done=False, holder=str(error))
        self._conflicts.clear()
        return Published(done=True, records=sum(one.records for one in everything))

    def _contents(self, signal: str) -> Contents:
        live = tuple(self._live(signal))
        covered = tuple(
            path
            for path in self.layout.hot_files(signal)
            if self.layout.segment_file(signal, stem_of(path) or "").exists()
        )
        return Contents(live, covered)

    def _live(self, signal: str) -> list[Path]:
        """All complete segments that no merged one has taken in."""
        files = self.layout.segment_files(signal)
        replaced = self._replaced(files)
        return [path for path in files if path.stem not in replaced]

    def _replaced(self, files: Iterable[Path]) -> set[str]:
        merged = [path for path in files if path.stem.endswith(merge.MERGED)]
        for path in merged:
            if path not in self._footers:
                self._footers[path] = segments.footer(path)
        return {stem for path in merged for stem in self._footers[path].replaces}

    def _clear_away(self, everything: Sequence[Sealed]) -> None:
        for one in everything:
            one.path.unlink(missing_ok=True)
            one.file.close()
        for signal in SIGNALS:
            files = self.layout.segment_files(signal)
            replaced = self._replaced(files)
            for path in files:
                if path.stem in replaced:
                    path.unlink()


@contextlib.contextmanager
def exclusive(path: Path) -> Generator[bool]:
    """Whether this process, alone, may publish for the length of the block."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


def ensure_current(layout: Layout) -> None:
    """Publish again when the views are older than this version or name another place.

    Does nothing when the directory cannot be written or someone else is reading.
    """
    try:
        with duckdb.connect(str(layout.ledger), read_only=True) as connection:
            if catalog.is_current(connection, layout):
                return
        layout.create()
    except (duckdb.Error, StoreError):
        return
    writer = secrets.token_hex(5)
    Publisher(layout, writer, DeadLetters(layout, writer)).publish([], wait_s=1.0)
