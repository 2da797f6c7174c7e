"""Answer what trace viewers ask: services, operations, traces by id or by search, dependencies.

Each question opens the ledger and closes it before anything is sent, so that a slow viewer keeps
nobody from publishing.
"""

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.viewing import attribute_search, span_bytes
from spanledger_exporters.viewing.asking import seal
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_search import (
    ERROR,
    KINDS,
    NO_SERVICE,
    SERVICE,
    Condition,
    Search,
    attributes_in_maps,
    plain_conditions,
    together,
)
from spanledger_exporters.viewing.span_groups import SpanGroups

_TRACES_AT_ONCE: Final = 20
"""Of a search's traces as many are in memory together."""

_ORDER: Final = "start_ns, received_ns, writer, seq"


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """A service's part in a trace."""

    name: str
    spans: int
    errors: int


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """What a list of traces shows of one; times are unix nanoseconds."""

    trace_id: str
    root_service: str
    root_operation: str
    start_ns: int
    end_ns: int
    spans: int
    errors: int
    orphans: int
    services: tuple[ServiceSummary, ...]


class TraceReader:
    """The traces of one data directory; may be used from many threads."""

    def __init__(self, directory: Path) -> None:
        """Raises NotFoundError when there is no ledger."""
        self._ledger = Ledger(directory)
        self._groups = SpanGroups(self._ledger.layout)

    def services(self, deadline: Deadline) -> list[str]:
        """All names of services, sorted."""
        with self._asking(deadline) as db:
            found = db.execute(f"SELECT DISTINCT {SERVICE} AS name FROM spans ORDER BY name")
            return [str(name) for (name,) in found.fetchall()]

    def operations(self, service: str, kind: str, deadline: Deadline) -> list[tuple[str, str]]:
        """Span names of a service with Jaeger's words for their kinds; kind "" means all."""
        conditions = plain_conditions(Search(service=service))
        if kind:
            number = KINDS.index(kind.lower()) if kind.lower() in KINDS else -1
            conditions.append(Condition("kind = ?", (number,)))
        where, values = together(conditions)
        with self._asking(deadline) as db:
            sql = f"SELECT DISTINCT name, kind FROM spans {where} ORDER BY ALL"
            return [(name, _kind(kind)) for name, kind in db.execute(sql, values).fetchall()]

    def find(self, search: Search, deadline: Deadline) -> list[str]:
        """Ids of the traces with the newest spans that fit, newest first."""
        with self._asking(deadline) as db:
            return self._find(db, search, deadline)

    def summaries(self, search: Search, deadline: Deadline) -> list[TraceSummary]:
        """The found traces, each with all of its spans counted."""
        with self._asking(deadline) as db:
            ids = self._find(db, search, deadline)
            return _summaries(db, ids) if ids else []

    def traces(self, ids: Sequence[str], deadline: Deadline) -> Iterator[bytes]:
        """Serialized TracesData, one trace after the other; ids (hex) without spans are passed."""
        for start in range(0, len(ids), _TRACES_AT_ONCE):
            yield from span_bytes.chunks(self._rows(ids[start : start + _TRACES_AT_ONCE], deadline))

    def dependencies(
        self, start_ns: int, end_ns: int, deadline: Deadline
    ) -> list[tuple[str, str, int]]:
        """Caller, callee and number of calls between different services; 0 is no limit."""
        conditions = plain_conditions(Search(start_min_ns=start_ns, start_max_ns=end_ns))
        where, values = together(conditions)
        with self._asking(deadline) as db:
            rows = db.execute(_DEPENDENCIES.format(where=where), values).fetchall()
            return [(str(parent), str(child), int(calls)) for parent, child, calls in rows]

    @contextlib.contextmanager
    def _asking(self, deadline: Deadline) -> Generator[duckdb.DuckDBPyConnection]:
        with self._ledger.connect() as db, deadline.watching(db):
            seal(db, self._ledger.layout)
            yield db

    def _rows(self, ids: Sequence[str], deadline: Deadline) -> pa.Table:
        columns = ", ".join(span_bytes.COLUMNS)
        with self._asking(deadline) as db:
            where, values = _of_traces(db, ids)
            sql = f"SELECT {columns} FROM spans {where}"
            # One trace comes as it is stored: sorting 10,000 wide rows takes 30 ms.
            if len(ids) > 1:
                sql += f" ORDER BY list_position(?, trace_id), {_ORDER}"
                values.append(list(ids))
            table: pa.Table = db.sql(sql, params=values).to_arrow_table()
            return table

    def _find(self, db: duckdb.DuckDBPyConnection, search: Search, deadline: Deadline) -> list[str]:
        if attributes_in_maps(search):
            return attribute_search.find(db, self._groups, search, deadline)
        where, values = together(plain_conditions(search))
        rows = db.execute(_FIND.format(where=where), [*values, search.limit]).fetchall()
        return [str(trace) for (trace,) in rows]


_FIND: Final = """
SELECT trace_id FROM spans {where} GROUP BY trace_id ORDER BY max(start_ns) DESC, trace_id LIMIT ?
"""

_SUMMARIES: Final = f"""
WITH asked AS (SELECT * FROM spans {{where}}),
present AS (SELECT DISTINCT trace_id, span_id FROM asked)
SELECT asked.trace_id,
    arg_min(coalesce(service_name, '{NO_SERVICE}'), start_ns) FILTER (parent_span_id IS NULL),
    arg_min(name, start_ns) FILTER (parent_span_id IS NULL),
    min(start_ns), max(end_ns), count(*), count(*) FILTER (status_code = {ERROR}),
    count(*) FILTER (parent_span_id IS NOT NULL AND present.span_id IS NULL)
FROM asked LEFT JOIN present
    ON present.trace_id = asked.trace_id AND present.span_id = asked.parent_span_id
GROUP BY asked.trace_id
"""
_SERVICES: Final = f"""
SELECT trace_id, {SERVICE} AS service, count(*), count(*) FILTER (status_code = {ERROR})
FROM spans {{where}} GROUP BY ALL ORDER BY service
"""

# Most traces stay within one service; only the others are joined with themselves.
_DEPENDENCIES: Final = f"""
WITH calls AS (
    SELECT trace_id, span_id, parent_span_id, {SERVICE} AS service FROM spans {{where}}
),
crossing AS (
    SELECT trace_id FROM calls GROUP BY trace_id HAVING min(service) <> max(service)
),
wanted AS (SELECT * FROM calls WHERE trace_id IN (SELECT trace_id FROM crossing))
SELECT parent.service, child.service, count(*)
FROM wanted AS child JOIN wanted AS parent
    ON parent.trace_id = child.trace_id AND parent.span_id = child.parent_span_id
WHERE parent.service <> child.service
GROUP BY ALL ORDER BY ALL
"""


def _kind(number: int | None) -> str:
    return KINDS[number] if number is not None and 0 <= number < len(KINDS) else ""


def _of_traces(db: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> tuple[str, list[object]]:
    """The WHERE clause for some traces.

    For one the segments' Bloom filters serve; several are found by their time, which is looked up
    first, because DuckDB reads all columns of all spans for a list of ids: 1.1 s of CPU, not 0.1.
    """
    if len(ids) == 1:
        return "WHERE trace_id = ?", [ids[0]]
    marks = ", ".join("?" for _ in ids)
    where = f"WHERE trace_id IN ({marks})"
    start, end = db.execute(
        f"SELECT min(start_ns), max(start_ns) FROM spans {where}", ids
    ).fetchall()[0]
    return f"{where} AND start_ns BETWEEN ? AND ?", [*ids, start, end]


def _summaries(db: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[TraceSummary]:
    where, values = _of_traces(db, ids)
    services: dict[str, list[ServiceSummary]] = {}
    for trace, *facts in db.execute(_SERVICES.format(where=where), values).fetchall():
        services.setdefault(trace, []).append(ServiceSummary(*facts))
    rows: list[tuple[Any, ...]] = db.execute(_SUMMARIES.format(where=where), values).fetchall()
    made = {
        str(row[0]): TraceSummary(
            trace_id=row[0],
            root_service=row[1] or "",
            root_operation=row[2] or "",
            start_ns=row[3],
            end_ns=row[4],
            spans=row[5],
            errors=row[6],
            orphans=row[7],
            services=tuple(services[row[0]]),
        )
        for row in rows
    }
    return [made[trace] for trace in ids]
