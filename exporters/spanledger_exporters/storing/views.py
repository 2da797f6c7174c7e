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


@dataclass(frozen=True, slots=True)
class Contents:
    """What one publish makes visible of a signal."""

    segments: tuple[Path, ...]
    covered: tuple[Path, ...]
    """Hot files that are in the segments already."""
    settled: tuple[Path, ...] = ()
    """Those of the segments whose stories are settled."""

    @property
    def tail(self) -> tuple[Path, ...]:
        """The other segments."""
        settled = set(self.settled)
        return tuple(path for path in self.segments if path not in settled)


# More flagged ids than this and the view's text would outgrow its use.
_MOST_CONFLICTS: Final = 10_000
# The greatest of the writer. DuckDB 2.0 makes a self-join of max(committed) OVER (PARTITION BY
# writer): it would read the tail twice, and the files that are left out with it.
_COMMITTED: Final = (
    "first_value(committed) OVER (PARTITION BY writer ORDER BY committed DESC NULLS LAST)"
)
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
) -> Iterator[Statement]:
    """CREATE VIEW statements for all signals."""
    for signal, content in contents.items():
        yield view(f"{signal}_received", received(layout, signal, content))
        yield view(signal, timed(signal, f"{signal}_received", sorted(conflicts)))


def placeholders() -> Iterator[Statement]:
    """The same views of nothing: a view's text can be bound to them without opening a file."""
    for signal, columns in TABLES.items():
        nothing = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns)
        yield view(f"{signal}_received", f"SELECT {nothing} WHERE false")
        yield view(signal, timed(signal, f"{signal}_received"))


def view(name: str, text: str) -> Statement:
    """Make it, or put it in the place of the one that is there."""
    return Statement(name, f"CREATE OR REPLACE VIEW {name} AS {text}")


def received(layout: Layout, signal: str, content: Contents) -> str:
    """Every delivery in the content's segments, and in the hot folder."""
    names = names_of(signal)
    segments = parquet([layout.segment_file(signal, NONE), *content.segments])
    tail = quote(f"{without_patterns(layout.hot)}/{signal}-*.jsonl")
    covered = ", ".join(quote(str(path)) for path in content.covered)
    exclusion = f" WHERE filename NOT IN ({covered})" if covered else ""
    return (
        f"SELECT {names} FROM {segments} "
        f"UNION ALL SELECT {names} FROM read_json({tail}, filename = true, {json_options(signal)})"
        f"{exclusion} QUALIFY seq <= {_COMMITTED}"
    )


def timed(signal: str, source: str, conflicts: Sequence[tuple[str, str]] = ()) -> str:
    """The first delivery of each record of a source, with times as people read them."""
    extra = list(_TIMES[signal])
    hidden, condition = "", ""
    if signal == "spans":
        pairs = ", ".join(quote(trace + span) for trace, span in conflicts[:_MOST_CONFLICTS])
        flag = f"concat(trace_id, span_id) IN ({pairs})" if pairs else "false"
        extra.append(f"{flag} AS conflict")
        hidden, condition = " EXCLUDE (delivery)", " WHERE coalesce(delivery, 1) = 1"
    return f"SELECT *{hidden}, {', '.join(extra)} FROM {source}{condition}"


def names_of(signal: str) -> str:
    """The stored columns."""
    return ", ".join(f'"{column.name}"' for column in TABLES[signal])


def parquet(files: Iterable[Path]) -> str:
    """These files as one table."""
    return f"read_parquet([{', '.join(quote(without_patterns(path)) for path in files)}])"
