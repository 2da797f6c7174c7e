"""Write the views `spans`, `logs` and `metrics`: segments and the journal's tail as one table.

A view names its segments one by one, and of the hot folder everything but the files that those
segments hold. `<signal>_received` is every delivery; the view people use adds times and hides
copies.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spanledger_exporters.columns import TABLES
from spanledger_exporters.reading.queries import Statement
from spanledger_exporters.storing.layout import NONE, Layout
from spanledger_exporters.storing.literals import quote, without_patterns
from spanledger_exporters.storing.segments import json_options
from spanledger_exporters.storing.settled import TABLES as SETTLED_TABLES
from spanledger_exporters.storing.settled import TELLING, Settlement


@dataclass(frozen=True, slots=True)
class Contents:
    """What one publish makes visible of a signal."""

    segments: tuple[Path, ...]
    covered: tuple[Path, ...]
    """Hot files that are in the segments already."""
    settled: tuple[Path, ...] = ()
    """Those of the segments whose stories are settled."""


# More flagged ids than this and the view's text would outgrow its use.
_MOST_CONFLICTS: Final = 10_000
_LOG_NS: Final = "coalesce(time_ns, observed_ns)"
_TIMES: Final = {
    "spans": (
        "CASE WHEN start_ns > 0 THEN make_timestamp(start_ns // 1000) END AS started_at",
        "CASE WHEN end_ns > 0 THEN make_timestamp(end_ns // 1000) END AS ended_at",
        "CASE WHEN start_ns > 0 AND end_ns > 0 THEN (end_ns - start_ns) / 1e6 END AS duration_ms",
    ),
    "logs": (f'CASE WHEN {_LOG_NS} > 0 THEN make_timestamp({_LOG_NS} // 1000) END AS "at"',),
    "metrics": ('CASE WHEN time_ns > 0 THEN make_timestamp(time_ns // 1000) END AS "at"',),
}


def statements(
    layout: Layout,
    contents: dict[str, Contents],
    conflicts: Iterable[tuple[str, str]],
    settlements: Sequence[Settlement] = (),
) -> Iterator[Statement]:
    """CREATE VIEW statements for all signals, and for what is settled."""
    for signal, content in contents.items():
        received = _received(layout, signal, content)
        yield _statement(f"{signal}_received", received)
        yield _statement(signal, _timed(signal, f"{signal}_received", sorted(conflicts)))
    if settlements:
        yield Statement("settled", "CREATE SCHEMA IF NOT EXISTS settled")
        for signal in TELLING:
            yield from _parted(layout, signal, contents[signal], settlements[-1])
        yield from _written_down(settlements)


def placeholders(settlements: Sequence[Settlement] = ()) -> Iterator[Statement]:
    """The same views of no records: a view's text can be bound to them without opening a file."""
    for signal, columns in TABLES.items():
        nothing = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns)
        yield _statement(f"{signal}_received", f"SELECT {nothing} WHERE false")
        yield _statement(signal, _timed(signal, f"{signal}_received", []))
    if settlements:
        yield Statement("settled", "CREATE SCHEMA IF NOT EXISTS settled")
        for signal in TELLING:
            for name in (f"settled.tail_{signal}", f"settled.{signal}"):
                yield _statement(name, f"SELECT * FROM main.{signal}")
        yield from _written_down(settlements)


def _statement(name: str, text: str) -> Statement:
    return Statement(name, f"CREATE OR REPLACE VIEW {name} AS {text}")


def _parted(
    layout: Layout, signal: str, content: Contents, last: Settlement
) -> Iterator[Statement]:
    """The records of settled segments, and all others: the rest of their segments among those."""
    rest = [path for path in content.segments if path not in content.settled]
    tail = Contents((*rest, last.file(f"open_{signal}")), content.covered)
    received = f"settled.tail_{signal}_received"
    yield _statement(received, _received(layout, signal, tail))
    yield _statement(f"settled.tail_{signal}", _timed(signal, received, []))
    # DuckDB 2.0 takes the first file's rows for every file's: an empty one first, and it expects
    # none, and lays out joins for that.
    files = sorted(content.settled, key=lambda path: path.stat().st_size, reverse=True)
    found = _parquet(files or [layout.segment_file(signal, NONE)])
    source = f"(SELECT {_names(signal)} FROM {found})"
    yield _statement(f"settled.{signal}", _timed(signal, source, []))


def parts(
    layout: Layout, contents: dict[str, Contents], held: Sequence[Settlement]
) -> Iterator[Statement]:
    """The same of `settled` for a database of its own, without the hot folder."""
    yield Statement("settled", "CREATE SCHEMA IF NOT EXISTS settled")
    for signal in TELLING:
        content = contents[signal]
        rest = [path for path in content.segments if path not in content.settled]
        opened = [held[-1].file(f"open_{signal}")] if held else []
        for name, files in ((f"tail_{signal}", [*rest, *opened]), (signal, content.settled)):
            found = _parquet([*files, layout.segment_file(signal, NONE)])
            source = f"(SELECT {_names(signal)} FROM {found})"
            yield _statement(f"settled.{name}", _timed(signal, source, []))
    if held:
        yield from _written_down(held)
    else:
        yield _statement("settled.keys", "SELECT '' AS key, 0::UBIGINT AS story WHERE false")
        yield _statement("settled.retired", "SELECT 0::UBIGINT AS story WHERE false")


def _written_down(settlements: Sequence[Settlement]) -> Iterator[Statement]:
    for table in SETTLED_TABLES:
        files = _parquet([one.file(table) for one in settlements])
        yield _statement(f"settled.{table}", f"SELECT * FROM {files}")


def _received(layout: Layout, signal: str, content: Contents) -> str:
    names = _names(signal)
    segments = _parquet([layout.segment_file(signal, NONE), *content.segments])
    tail = quote(f"{without_patterns(layout.hot)}/{signal}-*.jsonl")
    covered = ", ".join(quote(str(path)) for path in content.covered)
    exclusion = f" WHERE filename NOT IN ({covered})" if covered else ""
    return (
        f"SELECT {names} FROM {segments} "
        f"UNION ALL SELECT {names} FROM read_json({tail}, filename = true, {json_options(signal)})"
        f"{exclusion} QUALIFY seq <= max(committed) OVER (PARTITION BY writer)"
    )


def _names(signal: str) -> str:
    return ", ".join(f'"{column.name}"' for column in TABLES[signal])


def _parquet(files: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(quote(without_patterns(path)) for path in files)}])"


def _timed(signal: str, source: str, conflicts: list[tuple[str, str]]) -> str:
    extra = list(_TIMES[signal])
    hidden, condition = "", ""
    if signal == "spans":
        pairs = ", ".join(quote(trace + span) for trace, span in conflicts[:_MOST_CONFLICTS])
        flag = f"concat(trace_id, span_id) IN ({pairs})" if pairs else "false"
        extra.append(f"{flag} AS conflict")
        hidden, condition = " EXCLUDE (delivery)", " WHERE coalesce(delivery, 1) = 1"
    return f"SELECT *{hidden}, {', '.join(extra)} FROM {source}{condition}"
