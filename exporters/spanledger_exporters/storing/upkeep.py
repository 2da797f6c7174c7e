"""Make the derived files again, check them, and copy everything into one file."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from spanledger_exporters.columns import TABLES
from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.reading.queries import macros_sql, views_sql
from spanledger_exporters.storing import prices, recovery, repeats, segments
from spanledger_exporters.storing.catalog import renewed, replace_views
from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.dialects import SPOKEN, found_by, found_in
from spanledger_exporters.storing.generations import HeldError, alone
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import NONE, SIGNALS, Layout, stem_of
from spanledger_exporters.storing.literals import quote
from spanledger_exporters.storing.merge import USUAL, merge
from spanledger_exporters.storing.publish import Publisher
from spanledger_exporters.storing.settled import TABLES as SETTLED_TABLES
from spanledger_exporters.storing.settled import settlements
from spanledger_exporters.storing.shelf import REBUILDING

Progress = Callable[[int, int], None]

_WAIT_S: Final = 10.0
_WRITER: Final = "0" * 10


@dataclass(slots=True)
class RebuildReport:
    """How many records came back from how many journal files, and what could not be read."""

    files: int = 0
    records: int = 0
    problems: list[str] = field(default_factory=list)


def rebuild(layout: Layout, progress: Progress) -> RebuildReport:
    """Make segments and views again from the kept journal, then put them in the place of the old.

    `progress(done, total)` is called per journal file. Until the end everything can be read as
    before. Raises StoreError when another process is publishing, or reads for over 10 s, or when
    segments have no journal to be made from.
    """
    layout.create()
    staging = Layout(layout.root / REBUILDING)
    with exclusive(layout.publish_lock) as mine:
        if not mine:
            raise StoreError(f"{layout.root} is being published by another process: try again")
        _refuse_without_journal(layout)
        shutil.rmtree(staging.root, ignore_errors=True)
        try:
            staging.create()
            segments.create_anchors(staging)
            report = _Rebuild(layout, staging).run(progress)
            _exchange(layout, staging, report)
        except (OSError, HeldError) as error:
            raise StoreError(f"cannot rebuild {layout.root}: {error}") from error
        finally:
            shutil.rmtree(staging.root, ignore_errors=True)
    return report


def _refuse_without_journal(layout: Layout) -> None:
    for signal in SIGNALS:
        kept = {stem_of(path) for path in layout.kept_files(signal)}
        for path in layout.segment_files(signal):
            found = segments.footer_or_none(path)
            if found and not found.sources(path) <= kept:
                raise StoreError(
                    f"{path} has no kept journal (keep-journal was limited): it would be lost"
                )


@dataclass(slots=True)
class _Rebuild:
    layout: Layout
    staging: Layout
    report: RebuildReport = field(default_factory=RebuildReport)

    def run(self, progress: Progress) -> RebuildReport:
        files = [(signal, path) for signal in SIGNALS for path in self.layout.kept_files(signal)]
        for done, (signal, path) in enumerate(files):
            progress(done, len(files))
            self._one(signal, path)
            self._merge(signal, done)
        progress(len(files), len(files))
        return self.report

    def _one(self, signal: str, path: Path) -> None:
        """One journal file to its segment; a damaged group costs itself, and is named."""
        table, problems = segments.from_kept(self.layout, signal, path)
        conflicts: frozenset[tuple[str, str]] = frozenset()
        if signal == "spans":
            table, conflicts = repeats.number(table, self.staging.segment_files(signal))
        target = self.staging.segment_file(signal, stem_of(path) or NONE)
        spoken, named = found_in(signal, table), prices.named_in(signal, table)
        segments.write(target, table, conflicts, spoken, named)
        self.report.problems += problems
        self.report.files += 1
        self.report.records += len(table)

    def _merge(self, signal: str, number: int) -> None:
        sources = USUAL.candidates(self.staging.segment_files(signal))
        if sources:
            merge(self.staging, signal, sources, _WRITER, number)
            for path in sources:
                path.unlink()


def _exchange(layout: Layout, staging: Layout, report: RebuildReport) -> None:
    """Put the new segments in the place of the old while nobody reads.

    The old ones stay beside when something could not be made again.
    """
    now, new = layout.root / "segments", staging.root / "segments"
    old = layout.root / f"segments.old-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    publisher = Publisher(layout, _WRITER, DeadLetters(layout, _WRITER))
    with alone(layout, _WAIT_S):
        now.rename(old)
        new.rename(now)
        shutil.rmtree(layout.settled)
        layout.create()
        contents = publisher.contents()
        shelf = publisher.shelf
        priced = prices.statement(shelf.models())
        with renewed(layout, _WAIT_S) as connection:
            replace_views(connection, layout, contents, shelf.conflicts(), shelf.dialects(), priced)
    if report.problems:
        report.problems.append(f"{old}: the segments as they were; delete them when all is well")
    else:
        shutil.rmtree(old)


@dataclass(slots=True)
class VerifyReport:
    """What was checked; `problems` has one line each and is empty when all is well."""

    segments: int = 0
    rows: int = 0
    journal_files: int = 0
    journal_records: int = 0
    problems: list[str] = field(default_factory=list)


def verify(layout: Layout) -> VerifyReport:
    """Read every segment, journal file and settled table; compare counts and checksums."""
    report = VerifyReport()
    for signal in SIGNALS:
        counts = _journal_counts(layout, signal, report)
        for path in layout.segment_files(signal):
            _verify_segment(path, counts, report)
        have = _in_segments(layout, signal)
        report.problems += [
            f"{layout.kept_file(signal, stem)}: in no segment; run: spanledger rebuild"
            for stem, records in counts.items()
            if records and stem not in have
        ]
    for path in (one.file(name) for one in settlements(layout) for name in SETTLED_TABLES):
        if segments.count_by_reading(path) is None and path.exists():
            report.problems.append(f"{path}: damaged; delete {layout.settled}")
    return report


def _in_segments(layout: Layout, signal: str) -> set[str]:
    """The journal files that are in a segment, or still hot and will be."""
    have = {stem_of(path) or NONE for path in layout.hot_files(signal)}
    for path in layout.segment_files(signal):
        found = segments.footer_or_none(path)
        have |= found.sources(path) if found else {path.stem}
    return have


def _journal_counts(layout: Layout, signal: str, report: VerifyReport) -> dict[str, int]:
    """The records of each file of the journal, by stem."""
    counts: dict[str, int] = {}
    for path in (*layout.kept_files(signal), *layout.hot_files(signal)):
        try:
            found = list(_group_facts(path))
        except (OSError, recovery.DamagedFileError) as error:
            if path.exists():
                report.problems.append(str(error))
            continue
        report.problems += [f"{path}: group at byte {g.start} is damaged" for g in found if g.bad]
        counts[stem_of(path) or NONE] = sum(g.records for g in found)
        report.journal_files += 1
        report.journal_records += counts[stem_of(path) or NONE]
    return counts


class _GroupFacts(NamedTuple):
    start: int
    records: int
    bad: bool


def _group_facts(path: Path) -> Iterator[_GroupFacts]:
    for group in recovery.groups(path):
        # A hot file may end in a group that is being written just now.
        bad = not group.whole and not (group.torn and path.suffix != ".zst")
        yield _GroupFacts(group.start, group.records if group.whole else 0, bad)


def _verify_segment(path: Path, counts: dict[str, int], report: VerifyReport) -> None:
    found = segments.footer_or_none(path)
    rows = segments.count_by_reading(path)
    if found is None or rows is None or rows != found.rows:
        # A server may have merged it away just now.
        if path.exists():
            report.problems.append(f"{path}: damaged; run: spanledger rebuild")
        return
    report.segments += 1
    report.rows += rows
    sources = found.sources(path)
    expected = sum(counts.get(stem, 0) for stem in sources)
    if sources <= counts.keys() and expected != rows:
        report.problems.append(
            f"{path}: {rows} rows, its journal has {expected}; run: spanledger rebuild"
        )


def snapshot(layout: Layout, out: Path) -> None:
    """Copy all records and views into one DuckDB file that needs nothing else.

    Raises StoreError when `out` exists or cannot be written.
    """
    if out.exists():
        raise StoreError(f"{out} exists; choose another name")
    temporary = out.with_name(f"{out.name}.tmp-{os.getpid()}")
    try:
        _copy_tables(layout, temporary)
        _add_views(temporary)
        temporary.rename(out)
    except (duckdb.Error, OSError) as error:
        raise StoreError(f"cannot write {out}: {str(error).splitlines()[0]}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _copy_tables(layout: Layout, out: Path) -> None:
    with Ledger(layout.root).connect() as connection:
        connection.execute(
            f"ATTACH {quote(str(out))} AS copy (STORAGE_VERSION 'v1.5.0', READ_WRITE)"
        )
        for name in (*TABLES, prices.TABLE):
            connection.execute(f"CREATE TABLE copy.{name} AS SELECT * FROM {name}")
        connection.execute("DETACH copy")


def _add_views(out: Path) -> None:
    with duckdb.connect(str(out)) as connection:
        for macro in macros_sql():
            connection.execute(macro.text)
        present = found_by(connection, {signal: signal for signal in SPOKEN})
        for statement in views_sql(present):
            connection.execute(statement.text)
