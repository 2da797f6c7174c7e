"""Write the views `spans`, `logs` and `metrics`: segments and the journal's tail as one table.

A view names its segments one by one, and of the hot folder everything but the files that those
segments hold. `<signal>_received` is every delivery; the view people use adds times and hides
copies.
"""

from collections.abc import Iterable, Iterator
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
) -> Iterator[Statement]:
    """CREATE VIEW statements for all signals."""
    for signal, content in contents.items():
        yield Statement(f"{signal}_received", _received(layout, signal, content))
        yield Statement(signal, _view(signal, sorted(conflicts)))


def placeholders() -> Iterator[Statement]:
    """The same views of nothing: a view's text can be bound to them without opening a file."""
    for signal, columns in TABLES.items():
        nothing = ", ".join(f'CAST(NULL AS {column.type}) AS "{column.name}"' for column in columns)
        name = f"{signal}_received"
        yield Statement(name, f"CREATE OR REPLACE VIEW {name} AS SELECT {nothing} WHERE false")
        yield Statement(signal, _view(signal, []))


def _received(layout: Layout, signal: str, content: Contents) -> str:
    names = ", ".join(f'"{column.name}"' for column in TABLES[signal])
    anchor = layout.segment_file(signal, NONE)
    segments = ", ".join(quote(without_patterns(path)) for path in (anchor, *content.segments))
    tail = quote(f"{without_patterns(layout.hot)}/{signal}-*.jsonl")
    covered = ", ".join(quote(str(path)) for path in content.covered)
    exclusion = f" WHERE filename NOT IN ({covered})" if covered else ""
    return (
        f"CREATE OR REPLACE VIEW {signal}_received AS "
        f"SELECT {names} FROM read_parquet([{segments}]) "
        f"UNION ALL SELECT {names} FROM read_json({tail}, filename = true, {json_options(signal)})"
        f"{exclusion} QUALIFY seq <= max(committed) OVER (PARTITION BY writer)"
    )


def _view(signal: str, conflicts: list[tuple[str, str]]) -> str:
    extra = list(_TIMES[signal])
    hidden, condition = "", ""
    if signal == "spans":
        pairs = ", ".join(quote(trace + span) for trace, span in conflicts[:_MOST_CONFLICTS])
        flag = f"concat(trace_id, span_id) IN ({pairs})" if pairs else "false"
        extra.append(f"{flag} AS conflict")
        hidden, condition = " EXCLUDE (delivery)", " WHERE coalesce(delivery, 1) = 1"
    return (
        f"CREATE OR REPLACE VIEW {signal} AS SELECT *{hidden}, {', '.join(extra)} "
        f"FROM {signal}_received{condition}"
    )
