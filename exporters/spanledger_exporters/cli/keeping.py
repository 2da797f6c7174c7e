"""`import`, `export`, `rebuild`, `verify`, `snapshot`: the ledger's files, in and out."""

import contextlib
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spanledger_exporters.cli.options import Data
from spanledger_exporters.errors import LedgerError, NotFoundError

if TYPE_CHECKING:
    from spanledger_exporters.importing import Report
    from spanledger_exporters.storing.layout import Layout
    from spanledger_exporters.storing.store import Store

_PUBLISH_S: Final = 5.0
_SHOWN: Final = 20
"""Notes about bad input that are printed; all of it is in the dead letters."""

export = typer.Typer(
    help="Write the ledger's records for other programs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@export.callback()
def _export() -> None: ...


def import_(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)
    ],
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on reading what is added, until told to stop.")
    ] = False,
    data: Data = None,
) -> None:
    """Read OTLP from files: JSON lines, one JSON object, or protobuf; gzip and zstd too."""
    if follow:
        _follow(paths, data)
        return
    from spanledger_exporters.importing import import_files
    from spanledger_exporters.settings import load
    from spanledger_exporters.storing.store import Store, StoreOptions
    from spanledger_exporters.unpacking import files_below

    files = [file for path in paths for file in files_below(path)]
    settings = load(data=data)
    store = Store.open(settings.directory, StoreOptions.of(settings))
    try:
        with _progress("importing", sum(file.stat().st_size for file in files)) as advance:
            report = import_files(store.intake, files, advance)
        published = store.publish(_PUBLISH_S)
        _tell(report, store, published=published)
        store.settle(_tell_settling)
    finally:
        store.close()
    if not report.requests:
        raise LedgerError("nothing in these files is OTLP")


def _tell_settling(left: int) -> None:
    typer.echo(f"settling {left:,} records; Ctrl-C leaves that for later", err=True)


def _follow(paths: list[Path], data: Path | None) -> None:
    """Until SIGTERM or Ctrl-C; then all that was read is durable and remembered as read."""
    from spanledger_exporters.cli.serve import stop_event
    from spanledger_exporters.following import Follower
    from spanledger_exporters.importing import Report
    from spanledger_exporters.settings import load
    from spanledger_exporters.storing.store import Store, StoreOptions

    settings = load(data=data)
    store = Store.open(settings.directory, StoreOptions.of(settings))
    total = Report()

    def told(report: Report) -> None:
        _tell_notes(report, store)
        total.requests += report.requests
        total.rejected += report.rejected

    stop = stop_event()
    try:
        note(f"following into {store.layout.root}; Ctrl-C stops")
        follower = Follower(store.intake, paths, store.layout.root)
        follower.run(stop, told)
        total.files = len(follower.files)
        published = store.publish(_PUBLISH_S)
        _tell(total, store, published=published)
    finally:
        store.close()


def _tell_notes(report: "Report", store: "Store") -> None:
    from spanledger_exporters.reading.render import printable

    for bad in report.notes[:_SHOWN]:
        note(printable(f"{bad.where}: {bad.reason}"))
    if len(report.notes) > _SHOWN:
        note(f"and {len(report.notes) - _SHOWN} more; see {store.layout.deadletter}")


def _tell(report: "Report", store: "Store", *, published: bool) -> None:
    _tell_notes(report, store)
    status = store.status()
    kept = ", ".join(f"{count:,} {signal}" for signal, count in status.journaled.items())
    note(f"{kept} from {report.requests:,} requests in {report.files:,} files")
    if status.repeated_requests:
        note(f"{status.repeated_requests:,} requests were in the ledger already")
    if report.rejected:
        note(f"{report.rejected:,} rejected: kept in {store.layout.deadletter}")
    if not published:
        note(f"publishing is put off: {status.holder}; all can be seen")


def note(text: str) -> None:
    """Tell a person something, on standard error."""
    print(f"spanledger: {text}", file=sys.stderr)


@export.command("otlp")
def export_otlp(
    out: Annotated[
        str, typer.Option("--out", metavar="DIR|-", help="A folder, or `-` for standard output.")
    ],
    data: Data = None,
) -> None:
    """Write OTLP/JSON lines: traces.jsonl, logs.jsonl, metrics.jsonl."""
    from spanledger_exporters.reading.exporting import to_folder, to_stream
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.settings import data_directory

    ledger = Ledger(data_directory(data))
    with _progress("exporting", ledger.count()) as advance:
        if out == "-":
            to_stream(ledger, sys.stdout.buffer, advance)
            return
        written = to_folder(ledger, Path(out), advance)
    for path, records in written.items():
        note(f"{records:,} records in {path}")


def rebuild(data: Data = None) -> None:
    """Make the segments and ledger.duckdb again from the journal."""
    from spanledger_exporters.storing import upkeep

    with fraction("rebuilding") as progress:
        report = upkeep.rebuild(_existing(data), progress)
    _problems(report.problems)
    note(f"{report.records:,} records from {report.files:,} journal files")


def verify(data: Data = None) -> None:
    """Check every segment and journal file; exit 1 when something is wrong."""
    from spanledger_exporters.storing import upkeep

    report = upkeep.verify(_existing(data))
    note(
        f"{report.rows:,} rows in {report.segments:,} segments,"
        f" {report.journal_records:,} records in {report.journal_files:,} journal files"
    )
    _problems(report.problems)


def snapshot(
    out: Annotated[Path, typer.Argument(metavar="OUT.duckdb", help="The file to write.")],
    data: Data = None,
) -> None:
    """Write one self-contained DuckDB file for sharing."""
    from spanledger_exporters.storing import upkeep

    upkeep.snapshot(_existing(data), out)
    note(f"wrote {out}")


def _existing(data: Path | None) -> "Layout":
    from spanledger_exporters.settings import data_directory
    from spanledger_exporters.storing.layout import Layout

    layout = Layout(data_directory(data))
    if not layout.journal.is_dir():
        raise NotFoundError(f"there is no ledger in {layout.root}: name another one with --data")
    return layout


def _problems(problems: Sequence[str]) -> None:
    for problem in problems:
        print(problem)
    if problems:
        raise LedgerError(f"{len(problems)} problems")


@contextlib.contextmanager
def _progress(what: str, total: int) -> Generator[Callable[[int], None]]:
    """A bar on a terminal; the block tells how far it went on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)


@contextlib.contextmanager
def fraction(what: str) -> Generator[Callable[[int, int], None]]:
    """A bar on a terminal; the block tells how much is done, of how much."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, all_: bar.update(task, completed=done, total=all_)
