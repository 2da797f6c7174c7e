"""Keep `ledger.duckdb`: views over the files, and a small table about them.

Everything in it is derived: a file that cannot be opened is moved aside and made again.
"""

import contextlib
import hashlib
import logging
import shutil
import time
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, Self

import duckdb

from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.queries import Statement, views_sql
from spanledger_exporters.storing import gate, generations, settled_views, views
from spanledger_exporters.storing.blank import blank as blank_ledger
from spanledger_exporters.storing.generations import HeldError
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.prices import statement as prices_of
from spanledger_exporters.storing.settled import Settlement, settlements
from spanledger_exporters.storing.trouble import Trouble, newer, trouble_of

_LOG: Final = logging.getLogger(__name__)
# Readers on DuckDB 1.5 (its command line on PyPI, Grafana's plugin) must be able to open the file.
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "storage_compatibility_version": "v1.5.0",
    "threads": "1",
}
_TABLES: Final = "CREATE TABLE IF NOT EXISTS ledger_facts (name VARCHAR, value VARCHAR)"
_POLL_S: Final = 0.01


@contextlib.contextmanager
def renewed(layout: Layout, wait_s: float) -> Generator[duckdb.DuckDBPyConnection]:
    """The next generation of the file, open for writing; people open it when the block ends well.

    Nobody ever finds it half made. Raises HeldError when somebody has the present one open for
    writing, and so may change it, for longer than `wait_s`.
    """
    _await_writers(layout, time.monotonic() + wait_s)
    path = generations.begin(layout)
    try:
        connection = _copied(layout, path)
        try:
            yield connection
            # Without it, people would find the file as it was: it has only one of its two names.
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        # What somebody who was killed while writing had left there is in the file now.
        _log_of(layout.ledger).unlink(missing_ok=True)
        generations.place(layout, path)
    except BaseException:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise


def _await_writers(layout: Layout, deadline: float) -> None:
    while layout.ledger.exists() and (who := gate.writer(layout.ledger)):
        if time.monotonic() >= deadline:
            raise HeldError(f"{layout.ledger} is open for writing in {who}")
        time.sleep(_POLL_S)


def _copied(layout: Layout, path: Path) -> duckdb.DuckDBPyConnection:
    """A copy of the present file, or an empty one if that is damaged or there is none."""
    if layout.ledger.exists():
        try:
            gate.copy(layout.ledger, path)
            if _log_of(layout.ledger).exists():
                shutil.copyfile(_log_of(layout.ledger), _log_of(path))
            return _connect(path)
        except duckdb.Error as error:
            match trouble_of(error):
                case Trouble.NEWER:
                    raise StoreError(newer(layout.ledger, error)) from None
                case Trouble.HELD | Trouble.SYSTEM | Trouble.OTHER:
                    first = str(error).splitlines()[0]
                    raise StoreError(f"cannot use {layout.ledger}: {first}") from None
                case Trouble.DAMAGED:
                    move_aside(layout)
    return _empty(path)


def _log_of(path: Path) -> Path:
    """DuckDB's log of what is not in the file itself yet."""
    return path.with_name(path.name + ".wal")


def _empty(path: Path) -> duckdb.DuckDBPyConnection:
    blank = blank_ledger(_version(_BLANK), _make_blank)
    if blank is not None:
        try:
            return _begun(path, blank)
        except (OSError, duckdb.Error):
            # Whatever is wrong with it, it is made again another time, if it can be.
            with contextlib.suppress(OSError):
                blank.unlink()
    return _begun(path, None)


def _begun(path: Path, blank: Path | None) -> duckdb.DuckDBPyConnection:
    for leftover in (path, _log_of(path)):
        leftover.unlink(missing_ok=True)
    if blank is not None:
        shutil.copyfile(blank, path)
    return _connect(path)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path), config=_CONFIG)
    try:
        path.chmod(0o600)
        connection.execute(_TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_blank(path: Path) -> None:
    """A ledger without records: `replace_views` then says what there is."""
    with duckdb.connect(str(path), config=_CONFIG) as connection:
        connection.begin()
        connection.execute(_TABLES)
        _make_views(connection)
        _record(connection, _BLANK.facts(), {})
        connection.commit()


def _make_views(connection: duckdb.DuckDBPyConnection) -> None:
    """All views, of nothing: the texts that they ask and the tables behind them come later."""
    connection.execute(prices_of(frozenset()).text)
    for statement in (*views.placeholders(), *_BLANK.views()):
        connection.execute(statement.text)


def move_aside(layout: Layout) -> None:
    """Put an unreadable file out of the way; nothing is lost with it."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    _LOG.warning("%s is damaged: it is moved aside and made again", layout.ledger)
    for path in (layout.ledger, _log_of(layout.ledger)):
        if path.exists():
            path.rename(path.with_name(f"{path.name}.damaged-{stamp}"))


def replace_views(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    contents: dict[str, views.Contents],
    conflicts: Iterable[tuple[str, str]],
    dialects: frozenset[str],
    prices: Statement,
    held: Sequence[Settlement] = (),
    awake: frozenset[str] | None = None,
) -> None:
    """Make the contents visible, in one transaction.

    `dialects`: those that there are records of; `prices`: of the models that they name;
    `held`: the settlements of stories that are over; `awake`: what all others speak. What has
    another text is replaced: usually one view of six, as the segments of one signal.
    """
    made = _Made(dialects, awake)
    shown = (
        prices,
        *views.statements(layout, contents, conflicts),
        *settled_views.statements(layout, contents, held, awake),
    )
    facts = {
        "root": str(layout.root),
        **{statement.name: _digest(statement) for statement in shown},
        **made.facts(),
    }
    connection.begin()
    recorded = dict(connection.sql("SELECT name, value FROM ledger_facts").fetchall())
    if recorded.get("awake") and awake is None:
        connection.execute("DROP SCHEMA IF EXISTS settled CASCADE")
    known = recorded
    if recorded.get("queries") != _version(_Made.of(recorded)):
        # Another version made what is there.
        _make_views(connection)
        known = _BLANK.facts()
    stale = {name for name, fact in facts.items() if known.get(name) != fact}
    for statement in (*made.views(), *shown):
        if statement.name in stale:
            connection.execute(statement.text)
    _record(connection, facts, recorded)
    connection.commit()


def is_current(connection: duckdb.DuckDBPyConnection, layout: Layout) -> bool:
    """Whether the views are of this version and name files where they are, settled ones too."""
    try:
        known = dict(connection.sql("SELECT name, value FROM ledger_facts").fetchall())
    except duckdb.CatalogException:
        return False
    made = _Made.of(known)
    if known.get("root") != str(layout.root) or (
        made.awake is not None and not settlements(layout)
    ):
        return False
    return known.get("queries") == _version(made)


class _Made(NamedTuple):
    """What the texts of the views depend on, beside their version."""

    dialects: frozenset[str]
    awake: frozenset[str] | None

    @classmethod
    def of(cls, facts: dict[str, str]) -> Self:
        """As it was when the facts were written."""
        is_settled, *awake = facts.get("awake", "").split(",")
        dialects = frozenset(filter(None, facts.get("dialects", "").split(",")))
        return cls(dialects, frozenset(awake) if is_settled else None)

    def facts(self) -> dict[str, str]:
        """What `of` reads, and which text each view has."""
        awake = "" if self.awake is None else ",".join(["settled", *sorted(self.awake)])
        dialects = ",".join(sorted(self.dialects))
        return {
            "queries": _version(self),
            "dialects": dialects,
            "awake": awake,
            **_digests(self),
        }

    def views(self) -> tuple[Statement, ...]:
        return views_sql(self.dialects, self.awake)


_BLANK: Final = _Made(frozenset(), None)
"""Of a ledger without records."""


@lru_cache(8)
def _digests(made: _Made) -> dict[str, str]:
    """By view. Their texts are a megabyte, too much to go through with every publish."""
    return {statement.name: _digest(statement) for statement in made.views()}


def _digest(statement: Statement) -> str:
    return hashlib.sha256(statement.text.encode()).hexdigest()


@lru_cache(8)
def _version(made: _Made) -> str:
    """Changes with any text that a view is made of."""
    text = "\0".join(statement.text for statement in made.views())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _record(
    connection: duckdb.DuckDBPyConnection, facts: dict[str, str], recorded: dict[str, str]
) -> None:
    """Leave the facts in their table, of which some may be there."""
    changed = [name for name in recorded.keys() | facts if recorded.get(name) != facts.get(name)]
    for name in changed:
        connection.execute("DELETE FROM ledger_facts WHERE name = ?", [name])
        if name in facts:
            connection.execute("INSERT INTO ledger_facts VALUES (?, ?)", [name, facts[name]])
