"""Export training data: choose, keep once, mask, deal out, write, describe."""

import contextlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from typing import IO, Final, Protocol

import duckdb

from spanledger_exporters.errors import StoreError
from spanledger_exporters.tuning import card, files, judging, splits
from spanledger_exporters.tuning.calls import Session, feedback, sessions
from spanledger_exporters.tuning.judging import Judge
from spanledger_exporters.tuning.masking import Masker
from spanledger_exporters.tuning.options import Options
from spanledger_exporters.tuning.report import Report
from spanledger_exporters.tuning.rows import Made, Maker
from spanledger_exporters.tuning.spool import Spool, unnamed

_MEMORY: Final = "512MB"
"""For DuckDB, which puts the rest of a sort on the disk."""


class Source(Protocol):
    """What answers SQL from the canonical views: a Ledger."""

    def connect(self) -> contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection for as long as the block lasts."""
        ...


def export(ledger: Source, options: Options, progress: Callable[[int, int], None]) -> Report:
    """Write the files and the card beside them, or only count.

    `progress` is told how many model calls were read, of all.
    Raises UsageError for a path that says nothing, StoreError when it cannot be written.
    """
    places = files.paths(options)
    card.check(options)
    report = Report(options)
    try:
        with _unnamed_files(options) as (kept, rows):
            spool = Spool(rows, files.has_provenance(options))
            groups = _gather(ledger, options, report, spool, kept, progress)
            shares = options.shares or (("train", 1.0),)
            parts = splits.deal(spool.sessions, groups, shares, options.seed)
            dealt = Counter(parts)
            report.rows = {name: dealt[i] for i, (name, _) in enumerate(places)}
            report.counts, report.masked_rows = spool.counts, spool.masked_rows
            if not options.dry_run:
                report.files = files.write(options, spool.rows(), parts)
                report.files.append(card.write(report, places))
    except OSError as error:
        raise StoreError(f"cannot write to {options.out}: {error.strerror}") from error
    return report


@contextlib.contextmanager
def _unnamed_files(options: Options) -> Generator[tuple[IO[bytes], IO[bytes]]]:
    folder = None if options.dry_run else files.paths(options)[0][1].parent
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    place = str(folder) if folder is not None else None
    with unnamed(place) as kept, unnamed(place) as rows:
        yield kept, rows


def _gather(
    ledger: Source,
    options: Options,
    report: Report,
    spool: Spool,
    kept: IO[bytes],
    progress: Callable[[int, int], None],
) -> splits.Groups:
    groups = splits.Groups()
    masker = Masker(options.redact, report.masked)
    with ledger.connect() as db:
        db.execute(f"SET memory_limit = '{_MEMORY}'")
        judge = Judge.of(feedback(db))
        maker = Maker(options.format, judge, options.outcomes, report.refused, kept)
        for session in sessions(db, progress, options.since):
            report.sessions += 1
            report.refused += session.refused
            if not _is_admitted(session, options, judge, report.refused):
                continue
            groups.add(session.id, session.request)
            judge.proven = judging.proven(session) if options.verified else None
            _add(spool, masker, report, maker.of(session))
        _add(spool, masker, report, maker.rest())
    for together in spool.joined:
        groups.join(together)
    return groups


def _add(spool: Spool, masker: Masker, report: Report, rows: Iterable[Made]) -> None:
    longest = report.options.max_chars
    for made in rows:
        if longest is not None and made.chars > longest:
            report.refused[f"longer than {longest} characters"] += 1
        elif not spool.add(made, masker):
            report.refused["the same content again"] += 1


def _is_admitted(session: Session, options: Options, judge: Judge, refused: Counter[str]) -> bool:
    if options.consent is not None and options.consent not in judge.consents.get(session.id, ()):
        refused[f"a session without consent {options.consent!r}"] += 1
        return False
    if judging.success_rate(session) < options.min_success:
        refused[
            f"a session in which fewer than {options.min_success:.0%} of tool calls worked"
        ] += 1
        return False
    return True
