"""Settle stories that are over: write down the rows that the ledger's views make of them.

    python -m spanledger_exporters.storing.settling DIR

A process of its own, because it takes a core for seconds and hundreds of megabytes. What it wrote
is shown by the next publish; until then, and if it is killed, everything is read as before.
"""

import os
import secrets
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb

from spanledger_exporters.columns import TABLES as RECORDS
from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.queries import (
    SETTLED,
    dialects_sql,
    macros_sql,
    settled_sql,
    settling_sql,
)
from spanledger_exporters.storing import prices, settled_views
from spanledger_exporters.storing.dialects import found_by
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import Layout, new_stem, sync_folder
from spanledger_exporters.storing.literals import quote
from spanledger_exporters.storing.settled import (
    MANIFEST,
    TELLING,
    Settlement,
    settlements,
    version,
)
from spanledger_exporters.storing.share import Most, Share
from spanledger_exporters.storing.shelf import Shelf
from spanledger_exporters.storing.stories import tell_stories
from spanledger_exporters.storing.views import parquet

QUIET_S: Final = 600.0
"""A story is over when it was not heard of for this long."""
_MOST: Final = Most(records=300_000, size=192 << 20)
"""About 1 GB while it is worked on: 3 KB a record and four times its bytes."""
_LONGEST: Final = 4 * _MOST.records
"""A story of more settled records would be worked on as a whole each time it goes on: it is not."""
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": "2GB",
    "preserve_insertion_order": "false",
}
_MERGE_S: Final = 5.0
"""Whoever merges has the lock for a moment."""
_KEYS: Final = ("session_id", "trace_id", "plan_id")
_FIRST_KEY: Final = {
    "spans": "trace_id",
    "logs": "coalesce(trace_id, session_id, plan_id, '')",
}
_WAKES: Final = "SELECT story FROM woken_stories UNION ALL SELECT story FROM settled.retired"


def main() -> None:
    """Settle what can be settled in the directory that is named."""
    os.nice(10)
    settle(Layout(Path(sys.argv[1])))


def settle(layout: Layout, quiet_s: float = QUIET_S, most: Most = _MOST) -> bool:
    """Settle the oldest segments of the tail; False when there are none, or somebody else does.

    Raises duckdb.Error, OSError or StoreError when it cannot be done; then nothing has changed.
    """
    with exclusive(layout.settle_lock, _MERGE_S) as mine:
        if not mine:
            return False
        for leftover in layout.settled.glob("tmp-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        held, shelf = settlements(layout), Shelf(layout)
        share = Share.choose(layout, shelf, held, most)
        if share is None:
            return False
        folder = layout.settled / f"tmp-{os.getpid()}"
        folder.mkdir(mode=0o700)
        try:
            made = _make(layout, shelf, share, folder, time.time_ns() - int(quiet_s * 1e9))
            _finish(layout, folder, made)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return True


def _make(layout: Layout, shelf: Shelf, share: Share, folder: Path, over_ns: int) -> Settlement:
    """Write the files of a settlement into the folder."""
    with duckdb.connect(str(folder / "scratch.duckdb"), config=_CONFIG) as connection:
        for statement in settled_views.without_hot(layout, share.contents(shelf), share.held):
            connection.execute(statement.text)
        tell_stories(connection, over_ns)
        _refuse_the_endless(connection, share.unsettled)
        open_records = _divide(connection, folder)
        for macro in macros_sql():
            connection.execute(macro.text)
        connection.execute(prices.statement(shelf.models()).text)
        for statement in settling_sql(_spoken(connection)):
            connection.execute(statement.text)
        _write_rows(connection, folder, share.taken_in)
        return Settlement(
            folder,
            version(),
            share.after,
            share.covers(),
            share.records,
            open_records,
            _open_dialects(connection, folder),
            _speech(connection, folder),
        )


def _refuse_the_endless(connection: duckdb.DuckDBPyConnection, unsettled: int) -> None:
    counts = " + ".join(f"(SELECT count(*) FROM open_{signal})" for signal in TELLING)
    ((found,),) = connection.sql(f"SELECT {counts}").fetchall()
    if found > unsettled + _LONGEST:
        raise StoreError(f"a story goes on that has {found - unsettled:,} settled records")


def _open_dialects(connection: duckdb.DuckDBPyConnection, folder: Path) -> frozenset[str]:
    return found_by(
        connection, {signal: parquet([folder / f"open_{signal}.parquet"]) for signal in TELLING}
    )


def _speech(connection: duckdb.DuckDBPyConnection, folder: Path) -> frozenset[str]:
    found = connection.sql(f"SELECT DISTINCT dialects FROM {parquet([folder / 'keys.parquet'])}")
    return frozenset(dialects for (dialects,) in found.fetchall())


def _spoken(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Make the table `speech` of the dialects by key of what is over; all of them."""
    questions = (
        dialects_sql(signal, key).format(records=signal) for signal, key in _FIRST_KEY.items()
    )
    connection.execute(f"CREATE TABLE speech AS {' UNION ALL '.join(f'({q})' for q in questions)}")
    names = connection.sql("SELECT DISTINCT name FROM speech").fetchall()
    return frozenset(name for (name,) in names)


def _divide(connection: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Make `spans` and `logs` of stories that are over; write and count what stays open."""
    left = 0
    for signal in TELLING:
        key = _FIRST_KEY[signal]
        still = (
            f"SELECT * FROM open_{signal} WHERE {key} IN (SELECT key FROM told WHERE NOT is_over)"
        )
        names = ", ".join(
            "1 AS delivery" if column.name == "delivery" else f'"{column.name}"'
            for column in RECORDS[signal]
        )
        left += _copy(
            connection, f"SELECT {names} FROM ({still})", folder / f"open_{signal}.parquet"
        )
        connection.execute(
            f"CREATE VIEW {signal} AS SELECT * FROM open_{signal} "
            f"WHERE {key} NOT IN (SELECT key FROM told WHERE NOT is_over)"
        )
    return left


def _write_rows(
    connection: duckdb.DuckDBPyConnection, folder: Path, taken_in: Sequence[Settlement]
) -> None:
    """Write all tables, with what still holds of the settlements that are taken in."""
    connection.execute(f"CREATE TABLE story_of AS {settled_sql('story_of')}")
    tables = {name: _with_story(connection, name) for name in SETTLED}
    tables["keys"] = settled_sql("keys")
    tables["retired"] = "SELECT story FROM woken_stories"
    for name, rows in tables.items():
        if taken_in:
            files = parquet(one.file(name) for one in taken_in)
            holds = "true" if name == "retired" else f"story NOT IN ({_WAKES})"
            earlier = f"SELECT * FROM {files} WHERE {holds}"
            _copy(connection, f"({rows}) UNION ALL BY NAME {earlier}", folder / f"{name}.parquet")
        else:
            _copy(connection, rows, folder / f"{name}.parquet")


def _with_story(connection: duckdb.DuckDBPyConnection, view: str) -> str:
    """The rows of a view with the story that the first known of their keys names; 0 without."""
    has = set(connection.table(view).columns)
    keys = [key for key in _KEYS if key in has]
    joins = " ".join(f"LEFT JOIN story_of AS by_{key} ON by_{key}.key = made.{key}" for key in keys)
    stories = ", ".join(f"by_{key}.story" for key in keys)
    return f"SELECT made.*, coalesce({stories}, 0) AS story FROM {view} AS made {joins}"


def _copy(connection: duckdb.DuckDBPyConnection, rows: str, target: Path) -> int:
    options = "FORMAT parquet, COMPRESSION zstd"
    done = connection.execute(f"COPY ({rows}) TO {quote(str(target))} ({options})").fetchall()
    return int(done[0][0])


def _finish(layout: Layout, folder: Path, made: Settlement) -> None:
    """The folder appears whole, under its name, or not at all."""
    (folder / "scratch.duckdb").unlink(missing_ok=True)
    for path in folder.iterdir():
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())
    (folder / MANIFEST).write_text(made.to_text(), encoding="utf-8")
    sync_folder(folder)
    folder.rename(layout.settled / new_stem(secrets.token_hex(5), 0))
    sync_folder(layout.settled)


if __name__ == "__main__":
    main()
