"""Make the derived files again, check them, and copy everything into one file."""

import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from spanledger_exporters.columns import TABLES
from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.queries import views_sql
from spanledger_exporters.storing import recovery, repeats, segments
from spanledger_exporters.storing.catalog import opened
from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.layout import NONE, SIGNALS, Layout, stem_of
from spanledger_exporters.storing.publish import Publisher, exclusive
from spanledger_exporters.storing.views import quote

Progress = Callable[[int, int], None]

_WAIT_S: Final = 10.0


@dataclass(slots=True)
class RebuildReport:
    """How many records came back from how many journal files, and what could not be read."""

    files: int = 0
    records: int = 0
    problems: list[str] = field(default_factory=list)


def rebuild(layout: Layout, progress: Progress) -> RebuildReport:
    """Delete segments and views and make them again from the kept journal.

    `progress(done, total)` is called per journal file. Raises StoreError when another process is
    publishing or reading, or when segments have no journal to be made from.
    """
    layout.create()
    with exclusive(layout.publish_lock) as mine:
        if not mine:
            raise StoreError(f"{layout.root} is being published by a server: stop it first")
        _refuse_without_journal(layout)
        with opened(layout, _WAIT_S):
            aside = _move_aside(layout)
    try:
        report = _rebuilt(layout, progress)
    except BaseException:
        _move_back(layout, aside)
        raise
    shutil.rmtree(aside)
    publish(layout)
    return report


def publish(layout: Layout) -> None:
    """Show every segment there is. Raises StoreError while somebody reads for over 10 s."""
    writer = "0" * 10
    outcome = Publisher(layout, writer, DeadLetters(layout, writer)).publish([], _WAIT_S)
    if not outcome.done:
        raise StoreError(f"segments are made but not shown yet: {outcome.holder}")


def _refuse_without_journal(layout: Layout) -> None:
    for signal in SIGNALS:
        kept = {stem_of(path) for path in layout.kept_files(signal)}
        for path in layout.segment_files(signal):
            sources = segments.footer_or_none(path)
            needed = (sources.replaces or {path.stem}) if sources else frozenset[str]()
            if not needed <= kept:
                raise StoreError(
                    f"{path} has no kept journal (keep-journal was limited): it would be lost"
                )


def _move_aside(layout: Layout) -> Path:
    aside = layout.root / f"segments.old-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    (layout.root / "segments").rename(aside)
    layout.create()
    segments.create_anchors(layout)
    return aside


def _move_back(layout: Layout, aside: Path) -> None:
    shutil.rmtree(layout.root / "segments")
    aside.rename(layout.root / "segments")


def _rebuilt(layout: Layout, progress: Progress) -> RebuildReport:
    report = RebuildReport()
    files = [(signal, path) for signal in SIGNALS for path in layout.kept_files(signal)]
    for done, (signal, path) in enumerate(files):
        progress(done, len(files))
        _rebuild_one(layout, signal, path, report)
    progress(len(files), len(files))
    return report


def _rebuild_one(layout: Layout, signal: str, path: Path, report: RebuildReport) -> None:
    """One journal file to its segment; a damaged group costs itself, and is named."""
    try:
        bad = [group for group in recovery.groups(path) if not group.whole]
        table = segments.from_journal(signal, path)
    except (OSError, duckdb.Error, ValueError) as error:
        report.problems.append(f"{path}: {error}")
        return
    report.problems += [f"{path}: group at byte {group.start} is damaged" for group in bad]
    if signal == "spans":
        table = _numbered(layout, table)
    segments.write(layout.segment_file(signal, stem_of(path) or NONE), [table])
    report.files += 1
    report.records += len(table)


def _numbered(layout: Layout, table: pa.Table) -> pa.Table:
    return repeats.number(table, layout.segment_files("spans")).table


@dataclass(slots=True)
class VerifyReport:
    """What was checked; `problems` has one line each and is empty when all is well."""

    segments: int = 0
    rows: int = 0
    journal_files: int = 0
    journal_records: int = 0
    problems: list[str] = field(default_factory=list)


def verify(layout: Layout) -> VerifyReport:
    """Read every segment and journal file; compare counts and checksums."""
    report = VerifyReport()
    for signal in SIGNALS:
        counts = dict(_journal_counts(layout, signal, report))
        for path in layout.segment_files(signal):
            _verify_segment(path, counts, report)
    return report


def _journal_counts(layout: Layout, signal: str, report: VerifyReport) -> Iterator[tuple[str, int]]:
    for path in (*layout.kept_files(signal), *layout.hot_files(signal)):
        records, hot = 0, path.suffix == ".jsonl"
        try:
            for group in recovery.groups(path):
                records += group.records
                # A hot file may end in a group that is being written just now.
                if not group.whole and not hot:
                    report.problems.append(f"{path}: group at byte {group.start} is damaged")
        except (OSError, ValueError, zlib.error) as error:
            report.problems.append(f"{path}: {error}; restore it from a copy")
        report.journal_files += 1
        report.journal_records += records
        yield stem_of(path) or "", records


def _verify_segment(path: Path, counts: dict[str, int], report: VerifyReport) -> None:
    found = segments.footer_or_none(path)
    rows = segments.count_by_reading(path)
    if found is None or rows is None or rows != found.rows:
        report.problems.append(f"{path}: damaged; run: spanledger rebuild")
        return
    report.segments += 1
    report.rows += rows
    sources = found.replaces or {path.stem}
    if sources <= counts.keys() and sum(counts[stem] for stem in sources) != rows:
        report.problems.append(f"{path}: {rows} rows, its journal has others; run: rebuild")


def snapshot(layout: Layout, out: Path) -> None:
    """Copy all records and views into one DuckDB file that needs nothing else.

    Raises StoreError when `out` exists.
    """
    if out.exists():
        raise StoreError(f"{out} exists; choose another name")
    from_views = "; ".join(
        f"CREATE TABLE copy.{signal} AS SELECT * FROM {signal}" for signal in TABLES
    )
    with duckdb.connect(str(layout.ledger), read_only=True) as connection:
        connection.execute(f"ATTACH {quote(str(out))} AS copy (STORAGE_VERSION 'v1.5.0')")
        connection.execute(from_views)
        connection.execute("DETACH copy")
    _add_views(out)


def _add_views(out: Path) -> None:
    with duckdb.connect(str(out)) as connection:
        for statement in views_sql():
            connection.execute(statement.text)
