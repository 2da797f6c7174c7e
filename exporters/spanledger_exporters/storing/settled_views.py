"""Write the views in the schema `settled`: what is written down, and the records that are not.

    settled.<view>, keys, retired       the tables of all settlements
    settled.spans, logs                 the records of settled segments
    settled.tail_spans, tail_logs       all others: newer ones, and those left open

Without settlements there is no such schema.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from spanledger_exporters.reading.queries import Statement
from spanledger_exporters.storing.layout import NONE, Layout
from spanledger_exporters.storing.literals import quote
from spanledger_exporters.storing.settled import TABLES, TELLING, Settlement, unspoken
from spanledger_exporters.storing.views import (
    Contents,
    names_of,
    parquet,
    received,
    timed,
    view,
)

_SCHEMA = Statement("settled", "CREATE SCHEMA IF NOT EXISTS settled")


def statements(
    layout: Layout,
    contents: dict[str, Contents],
    held: Sequence[Settlement],
    awake: frozenset[str] | None,
) -> Iterator[Statement]:
    """For `ledger.duckdb`; the hot folder is part of the tail.

    Stories that take more dialects than those awake are without keys, so that nothing wakes them:
    what a record in the hot folder adds to one is shown by the next publish, which sees it.
    """
    if awake is not None:
        yield _SCHEMA
        for signal in TELLING:
            tail = Contents(_tail(signal, contents, held), contents[signal].covered)
            name = f"settled.tail_{signal}"
            yield view(f"{name}_received", received(layout, signal, tail))
            yield view(name, timed(signal, f"{name}_received"))
            yield _records(layout, signal, signal, contents[signal].settled)
        yield from _written_down(held, unspoken(held, awake))


def without_hot(
    layout: Layout, contents: dict[str, Contents], held: Sequence[Settlement]
) -> Iterator[Statement]:
    """For a database of its own, in which to settle more; with empty tables to begin with."""
    yield _SCHEMA
    for signal in TELLING:
        yield _records(layout, signal, f"tail_{signal}", _tail(signal, contents, held))
        yield _records(layout, signal, signal, contents[signal].settled)
    if held:
        yield from _written_down(held)
    else:
        yield view("settled.keys", "SELECT '' AS key, 0::UBIGINT AS story WHERE false")
        yield view("settled.retired", "SELECT 0::UBIGINT AS story WHERE false")


def _tail(
    signal: str, contents: dict[str, Contents], held: Sequence[Settlement]
) -> tuple[Path, ...]:
    rest = contents[signal].tail
    return (*rest, held[-1].file(f"open_{signal}")) if held else rest


def _records(layout: Layout, signal: str, name: str, files: Sequence[Path]) -> Statement:
    # DuckDB 2.0 takes the first file's rows for every file's: an empty one first, and it expects
    # none, and lays out joins for that.
    ordered = sorted(files, key=lambda path: path.stat().st_size, reverse=True)
    found = parquet(ordered or [layout.segment_file(signal, NONE)])
    return view(f"settled.{name}", timed(signal, f"(SELECT {names_of(signal)} FROM {found})"))


def _written_down(held: Sequence[Settlement], asleep: Collection[str] = ()) -> Iterator[Statement]:
    for table in TABLES:
        files = parquet(one.file(table) for one in held)
        names = ", ".join(map(quote, sorted(asleep)))
        condition = f" WHERE dialects NOT IN ({names})" if table == "keys" and names else ""
        yield view(f"settled.{table}", f"SELECT * FROM {files}{condition}")
