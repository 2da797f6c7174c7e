"""Keep `ledger.duckdb`: views over the files, and two small tables about them.

Everything in it is derived: a file that cannot be opened is moved aside and made again.
"""

import contextlib
import hashlib
import time
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Final

import duckdb

from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.queries import views_sql
from spanledger_exporters.storing import views
from spanledger_exporters.storing.layout import Layout

# Readers on DuckDB 1.5 (its command line on PyPI, Grafana's plugin) must be able to open the file.
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "storage_compatibility_version": "v1.5.0",
    "threads": "1",
}
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS ledger_facts (name VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS ledger_conflicts (trace_id VARCHAR, span_id VARCHAR);
"""
_BUSY: Final = ("Could not set lock", "Conflicting lock", "different configuration")
"""DuckDB's words for a file that is open elsewhere: in another process, or read-only in ours."""
_NEWER: Final = "we can only read versions"
# More flagged ids than this and the view's text would outgrow its use.
_MOST_CONFLICTS: Final = 10_000


class HeldError(Exception):
    """Another process has the file open; the message is DuckDB's and names it."""


@contextlib.contextmanager
def opened(layout: Layout, wait_s: float) -> Generator[duckdb.DuckDBPyConnection]:
    """The file, open for writing; raises HeldError when others read it for longer than `wait_s`.

    Whoever holds it thus knows that no other process is reading.
    """
    deadline = time.monotonic() + wait_s
    while True:
        try:
            connection = _connect(layout)
            break
        except HeldError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
    try:
        yield connection
    finally:
        connection.close()


def _connect(layout: Layout) -> duckdb.DuckDBPyConnection:
    try:
        connection = _open(layout)
        connection.execute(_TABLES)
    except duckdb.Error as error:
        text = str(error)
        if any(phrase in text for phrase in _BUSY):
            raise HeldError(text) from None
        if _NEWER in text:
            raise StoreError(
                f"{layout.ledger} was written by a newer DuckDB; this is {duckdb.__version__}: "
                "pip install -U duckdb"
            ) from None
        if isinstance(error, duckdb.IOException | duckdb.FatalException):
            return _made_again(layout, error)
        raise StoreError(f"cannot use {layout.ledger}: {text.splitlines()[0]}") from None
    return connection


def _open(layout: Layout) -> duckdb.DuckDBPyConnection:
    if not layout.ledger.exists():
        _create(layout)
    return duckdb.connect(str(layout.ledger), config=_CONFIG)


def _create(layout: Layout) -> None:
    """Under another name first: DuckDB cannot open a file whose creation was interrupted."""
    temporary = layout.root / "ledger.duckdb.new"
    for leftover in (temporary, temporary.with_name(temporary.name + ".wal")):
        leftover.unlink(missing_ok=True)
    duckdb.connect(str(temporary), config=_CONFIG).close()
    temporary.chmod(0o600)
    temporary.rename(layout.ledger)


def _made_again(layout: Layout, reason: duckdb.Error) -> duckdb.DuckDBPyConnection:
    """Move an unreadable file aside; nothing is lost with it."""
    if "No space left" in str(reason):
        raise StoreError(f"no space left to publish {layout.ledger}") from None
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    for path in (layout.ledger, layout.ledger.with_name(layout.ledger.name + ".wal")):
        if path.exists():
            path.rename(path.with_name(f"{path.name}.damaged-{stamp}"))
    connection = _open(layout)
    connection.execute(_TABLES)
    return connection


def replace_views(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    contents: dict[str, views.Contents],
    conflicts: Iterable[tuple[str, str]],
) -> None:
    """Make the contents visible, in one transaction."""
    connection.begin()
    for ids in conflicts:
        connection.execute("INSERT INTO ledger_conflicts VALUES (?, ?)", ids)
    known = connection.sql(
        f"SELECT DISTINCT trace_id, span_id FROM ledger_conflicts LIMIT {_MOST_CONFLICTS}"
    ).fetchall()
    for statement in views.statements(layout, contents, known):
        connection.execute(statement)
    if _fact(connection, "queries") != _version():
        for view in views_sql():
            connection.execute(view.text)
        _set_fact(connection, "queries", _version())
    _set_fact(connection, "root", str(layout.root))
    connection.commit()


def is_current(connection: duckdb.DuckDBPyConnection, layout: Layout) -> bool:
    """Whether the views are of this version and name files where they are."""
    try:
        same_place = _fact(connection, "root") == str(layout.root)
        return same_place and _fact(connection, "queries") == _version()
    except duckdb.CatalogException:
        return False


def _version() -> str:
    """Changes with any text that a view is made of."""
    text = "\0".join(statement.text for statement in views_sql())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _fact(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM ledger_facts WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def _set_fact(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    connection.execute("DELETE FROM ledger_facts WHERE name = ?", [name])
    connection.execute("INSERT INTO ledger_facts VALUES (?, ?)", [name, value])
