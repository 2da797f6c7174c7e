"""Seal hot files into segments and show them in `ledger.duckdb`.

One process at a time does this, whoever gets `publish.lock`; the others' records are visible
meanwhile, because every view also reads the hot folder.
"""

import contextlib
import functools
import secrets
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing import catalog, merge, prices, recovery, repeats, segments
from spanledger_exporters.storing.awake import Awake
from spanledger_exporters.storing.compression import keep
from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.dialects import found_in
from spanledger_exporters.storing.generations import HeldError, Leftovers, to_read
from spanledger_exporters.storing.journal import HotFile, exclusive
from spanledger_exporters.storing.layout import SIGNALS, Layout, stem_of
from spanledger_exporters.storing.merge import USUAL, Merging
from spanledger_exporters.storing.settled import TELLING, Settlement, outdated, settlements
from spanledger_exporters.storing.settler import Unsettled
from spanledger_exporters.storing.shelf import Shelf
from spanledger_exporters.storing.trouble import Trouble, trouble_of
from spanledger_exporters.storing.views import Contents

_MOST_WAITING: Final = 64 << 20


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

    def table(self) -> pa.Table:
        """All rows, from memory or from the file."""
        if self.tables:
            return pa.concat_tables(self.tables)
        return segments.from_journal(self.signal, self.path)


@dataclass(frozen=True, slots=True)
class Published:
    """What a publish did; `holder` says who kept it from showing the rest.

    `reader` has had an older generation open since the publish before, so that its files stay.
    """

    done: bool
    records: int = 0
    holder: str | None = None
    reader: str | None = None


@dataclass(slots=True)
class Publisher:
    """Seals and publishes for one writer, and for writers that are gone."""

    layout: Layout
    writer: str
    dead_letters: DeadLetters
    keep_journal: bool = True
    merging: Merging = USUAL
    shelf: Shelf = field(init=False)
    _leftovers: Leftovers = field(init=False)
    _awake: Awake = field(init=False)
    unsettled: Unsettled = field(default_factory=Unsettled)
    _number: int = 0

    def __post_init__(self) -> None:
        self.shelf = Shelf(self.layout)
        self._leftovers = Leftovers(self.layout)
        self._awake = Awake(self.shelf)

    def publish(self, sealed: Sequence[Sealed], wait_s: float) -> Published:
        """Make the sealed files segments and show them; not done when someone is in the way.

        Afterwards the files that were shown are closed and gone from the hot folder. Raises
        StoreError when the disk does not let us; nothing is lost, the same call may succeed later.
        """
        with exclusive(self.layout.publish_lock) as mine:
            if not mine:
                _let_go(sealed)
                return Published(done=False, holder="another spanledger process is publishing")
            try:
                return self._publish(sealed, wait_s)
            except (OSError, pa.ArrowException, duckdb.Error) as error:
                reason = (str(error) or repr(error)).splitlines()[0]
                raise StoreError(f"cannot publish {self.layout.root}: {reason}") from error

    def tidy(self) -> str | None:
        """Delete what nobody needs any more; who has an older generation open, if somebody has."""
        with exclusive(self.layout.publish_lock) as mine:
            return self._leftovers.tidy() if mine and self._leftovers else None

    def _publish(self, sealed: Sequence[Sealed], wait_s: float) -> Published:
        reader = self._leftovers.tidy()
        segments.create_anchors(self.layout)
        self.shelf.mend(self._write_segment)
        abandoned = list(self._abandoned())
        everything = [*sealed, *abandoned]
        trouble: OSError | None = None
        try:
            try:
                for one in everything:
                    self._make_segment(one)
                self._merge()
            except OSError as error:
                # What is made can be shown: it gives back the room of its hot files.
                trouble = error
            outcome = self._show(everything, wait_s, reader)
            if trouble:
                raise trouble
            return outcome
        finally:
            for one in abandoned:
                one.file.close()

    def _abandoned(self) -> Iterator[Sealed]:
        """The hot files whose writers are gone, recovered."""
        for signal in SIGNALS:
            made = self.shelf.stems(signal)
            for path in self.layout.hot_files(signal):
                if stem_of(path) in made:
                    continue
                claimed = recovery.claim(path, functools.partial(self._bury, signal, path))
                if claimed:
                    yield Sealed(signal, path, claimed.records, [], claimed)

    def _bury(self, signal: str, path: Path, lines: bytes) -> None:
        self.dead_letters.add(signal, [Reject(lines, f"damaged group in {path.name}")])

    def _make_segment(self, sealed: Sealed) -> None:
        """Kept journal first, then the segment: each step may have been done before a crash.

        Then the file may be let go: whoever publishes next sees that its segment is there.
        """
        if not sealed.records:
            return
        if sealed.stem not in self.shelf.stems(sealed.signal):
            kept = self.layout.kept_file(sealed.signal, sealed.stem)
            if self.keep_journal and not kept.exists():
                keep(sealed.path, kept)
            self._write_segment(sealed.signal, sealed.stem, sealed.table())
        sealed.tables.clear()
        sealed.file.close()

    def _write_segment(self, signal: str, stem: str, table: pa.Table) -> None:
        """One segment; deliveries are numbered when it is of spans."""
        conflicts: frozenset[tuple[str, str]] = frozenset()
        if signal == "spans":
            table, conflicts = repeats.number(table, self.shelf.live("spans"))
        path = self.layout.segment_file(signal, stem)
        spoken, named = found_in(signal, table), prices.named_in(signal, table)
        segments.write(path, table, conflicts, spoken, named)

    def _merge(self) -> None:
        """Settled segments and others apart; not while somebody settles what might go."""
        with exclusive(self.layout.settle_lock) as mine:
            if mine:
                held = settlements(self.layout)
                for signal in SIGNALS:
                    settled = self.shelf.settled(signal, held)
                    rest = [path for path in self.shelf.live(signal) if path not in settled]
                    for files in (settled, rest):
                        self._merge_some(signal, files)

    def _merge_some(self, signal: str, live: Sequence[Path]) -> None:
        sources = self.merging.candidates(live)
        if sources:
            self._number += 1
            merge.merge(self.layout, signal, sources, self.writer, self._number)

    def _show(self, everything: Sequence[Sealed], wait_s: float, reader: str | None) -> Published:
        settled = settlements(self.layout)
        contents = self.contents(settled, {one.path for one in everything if not one.records})
        unneeded = list(self._not_in(contents, settled))
        try:
            self._replace_views(contents, settled, wait_s)
        except HeldError as error:
            return Published(done=False, holder=str(error))
        self._leftovers.add(unneeded)
        self._leftovers.tidy()
        self.unsettled = self._unsettled(contents, settled)
        records = sum(one.records for one in everything)
        return Published(done=True, records=records, reader=reader)

    def _not_in(
        self, contents: dict[str, Contents], settled: Sequence[Settlement]
    ) -> Iterator[Path]:
        """The files and folders that views of these contents do without."""
        for content in contents.values():
            yield from content.covered
        yield from self.shelf.replaced()
        yield from outdated(self.layout, settled)

    def _replace_views(
        self, contents: dict[str, Contents], held: Sequence[Settlement], wait_s: float
    ) -> None:
        """Twice, when the file turns out to be damaged: the second time in a new one."""
        priced = prices.statement(self.shelf.models())
        conflicts, dialects = self.shelf.conflicts(), self.shelf.dialects()
        awake = self._awake.dialects(contents, held)
        for last in (False, True):
            try:
                with catalog.renewed(self.layout, wait_s) as connection:
                    catalog.replace_views(
                        connection, self.layout, contents, conflicts, dialects, priced, held, awake
                    )
            except duckdb.Error as error:
                if last or trouble_of(error) is not Trouble.DAMAGED:
                    raise
                catalog.move_aside(self.layout)
            else:
                return

    def _unsettled(self, contents: dict[str, Contents], held: Sequence[Settlement]) -> Unsettled:
        tail = sum(self.shelf.rows(path) for signal in TELLING for path in contents[signal].tail)
        return Unsettled(tail, held[-1].open_records if held else 0)

    def contents(
        self, held: Sequence[Settlement] = (), empty: Collection[Path] = ()
    ) -> dict[str, Contents]:
        """What there is to show, by signal, when nothing will come in the `empty` hot files."""
        return {signal: self._contents(signal, held, empty) for signal in SIGNALS}

    def _contents(
        self, signal: str, held: Sequence[Settlement], empty: Collection[Path]
    ) -> Contents:
        made = self.shelf.stems(signal)
        hot = self.layout.hot_files(signal)
        covered = (path for path in hot if stem_of(path) in made or path in empty)
        settled = self.shelf.settled(signal, held)
        return Contents(tuple(self.shelf.live(signal)), tuple(covered), tuple(settled))


def _let_go(sealed: Sequence[Sealed]) -> None:
    """Do not fill the memory while others publish: rows can be read again from their files."""
    if sum(table.nbytes for one in sealed for table in one.tables) > _MOST_WAITING:
        for one in sealed:
            one.tables.clear()


def _hot_files(layout: Layout) -> Iterator[Path]:
    for signal in SIGNALS:
        yield from layout.hot_files(signal)


def ensure_current(layout: Layout) -> None:
    """Publish again when the views are older than this version, damaged, or name another place.

    Or when a writer was killed: a dialect that only its last records speak is not in the views.

    Does nothing when the directory cannot be written or someone else is publishing.
    """
    try:
        with duckdb.connect(to_read(layout), read_only=True) as connection:
            is_current = catalog.is_current(connection, layout)
    except duckdb.Error as error:
        if trouble_of(error) is not Trouble.DAMAGED:
            return
        is_current = False
    if is_current and not any(map(recovery.is_abandoned, _hot_files(layout))):
        return
    with contextlib.suppress(StoreError):
        layout.create()
        writer = secrets.token_hex(5)
        Publisher(layout, writer, DeadLetters(layout, writer)).publish([], wait_s=1.0)
