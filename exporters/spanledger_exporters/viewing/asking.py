"""Answer other people's SQL: one SELECT, no file but the ledger's, bounded in time and size.

A question sees what `allowed_directories` names: journal, segments and what is settled.
The bounds keep a slow client or a wild join from keeping old files for long, and the answer is
whole or an error: nobody counts the rows of half an answer.
"""

import contextlib
import threading
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from spanledger_exporters.columns import TABLES
from spanledger_exporters.errors import LedgerError, TooLargeError, UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.reading.queries import quote_reserved
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.literals import quote

_BATCH: Final = 16_384
_SELECT: Final = duckdb.StatementType.SELECT
_SEALING: Final = threading.Lock()
_DATE_BIN: Final = """\
CREATE OR REPLACE TEMP MACRO date_bin(width, moment, origin) AS
  time_bucket(greatest(width, INTERVAL 1 SECOND), moment, origin)
"""
"""What Grafana's $__dateBin becomes; when zoomed in far it asks for bins of nothing."""


class SlowError(LedgerError):
    """The question was ended because it took too long."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one question may take."""

    seconds: float = 30.0
    rows: int = 1_000_000
    """As many as Grafana reads."""
    size: int = 256 << 20
    """Bytes of the answer, in memory."""


USUAL: Final = Bounds()


def ask(
    ledger: Ledger,
    text: str,
    bounds: Bounds = USUAL,
    variables: Mapping[str, str] | None = None,
) -> pa.Table:
    """The whole answer; the ledger is free again when this returns.

    Raises UsageError for SQL that is wrong or is not one SELECT, TooLargeError for an answer over
    the bounds, SlowError when it took too long.
    """
    with ledger.connect() as db:
        seal(db, ledger.layout)
        db.execute(_DATE_BIN)
        for name, value in (variables or {}).items():
            db.execute(f'SET VARIABLE "{name}" = $1', [value])
        with _ended_after(db, bounds.seconds), _explained(bounds):
            return _whole(_relation(db, text), bounds)


def check(text: str) -> None:
    """Raise UsageError unless the text is one SELECT; it is not bound to any table."""
    with duckdb.connect() as db, _explained(USUAL):
        _one_select(db, text)


def seal(db: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Shut the file system off for good, but for what the views read, and the progress bar.

    Connections of one process to one file share their settings, which nobody can change any more
    then. So everybody who serves questions does it this way, and somebody may have been first.
    """
    with _SEALING:
        locked = db.execute("SELECT current_setting('lock_configuration')").fetchall()
        if not locked[0][0]:
            paths = (layout.journal, layout.settled, *map(layout.segments, TABLES))
            folders = ", ".join(quote(f"{path}/") for path in paths)
            db.execute("SET enable_progress_bar = false")
            db.execute(f"SET allowed_directories = [{folders}]")
            db.execute("SET enable_external_access = false")
            db.execute("SET lock_configuration = true")


def _relation(db: duckdb.DuckDBPyConnection, text: str) -> duckdb.DuckDBPyRelation:
    relation = db.sql(_one_select(db, text))
    assert relation is not None
    return relation


def _one_select(db: duckdb.DuckDBPyConnection, text: str) -> str:
    """The text, made parsable if it only was a reserved column name that it stumbled over."""
    try:
        statements = db.extract_statements(text)
    except duckdb.ParserException:
        quoted = quote_reserved(text)
        if quoted == text:
            raise
        text, statements = quoted, db.extract_statements(quoted)
    if [statement.type for statement in statements] != [_SELECT]:
        raise UsageError("only one SELECT statement is answered here")
    return text


def _whole(relation: duckdb.DuckDBPyRelation, bounds: Bounds) -> pa.Table:
    reader = relation.to_arrow_reader(_BATCH)
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > bounds.rows or size > bounds.size:
            raise TooLargeError(
                f"the answer has over {bounds.rows:,} rows or {bounds.size >> 20} MiB: narrow it"
            )
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=reader.schema)


@contextlib.contextmanager
def _ended_after(db: duckdb.DuckDBPyConnection, seconds: float) -> Generator[None]:
    timer = threading.Timer(seconds, db.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@contextlib.contextmanager
def _explained(bounds: Bounds) -> Generator[None]:
    """DuckDB's errors as ours, in one line."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise SlowError(f"it took longer than {bounds.seconds:g} s: narrow it") from error
    except duckdb.Error as error:
        first = str(error).split("\n\nLINE ", 1)[0]
        raise UsageError(" ".join(first.split())) from error
