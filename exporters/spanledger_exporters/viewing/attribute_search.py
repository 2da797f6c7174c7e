"""Find the newest traces with an attribute, reading as few attribute maps as will do.

Row groups are asked newest first, one, then two, then four at once, and only those in whose bytes
the texts occur. It ends when nothing older can be among the traces that were asked for.
"""

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from spanledger_exporters.storing.literals import quote, without_patterns
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_search import (
    ERROR_KEY,
    NO_SERVICE,
    Condition,
    Search,
    attribute_conditions,
    attributes_in_maps,
    plain_conditions,
    texts_of,
    together,
)
from spanledger_exporters.viewing.span_groups import PLACES, SpanGroup, SpanGroups, content

_MOST_AT_ONCE: Final = 16
_SCAN: Final = "SELECT trace_id, start_ns FROM {table} {where}"
_NEWEST: Final = """
SELECT trace_id, max(start_ns) AS newest FROM ({scans})
GROUP BY trace_id ORDER BY newest DESC, trace_id LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """Spans of a segment by their `seq`, and where each key may be in them."""

    path: Path
    seqs: tuple[int, int]
    places: dict[str, frozenset[str]]

    def with_older(self, other: "_Part") -> "_Part | None":
        """Both as one, which DuckDB reads with all cores; None when they do not adjoin."""
        if (self.path, self.places) != (other.path, other.places):
            return None
        if other.seqs[1] + 1 != self.seqs[0]:
            return None
        return replace(self, seqs=(other.seqs[0], self.seqs[1]))

    def scan(self, search: Search) -> Condition:
        """The SELECT."""
        own = Condition("seq BETWEEN ? AND ? AND coalesce(delivery, 1) = 1", self.seqs)
        path = quote(without_patterns(self.path))
        return _scan(f"read_parquet({path})", [own], search, self.places)


def find(
    db: duckdb.DuckDBPyConnection, groups: SpanGroups, search: Search, deadline: Deadline
) -> list[str]:
    """Ids of the traces with the newest spans that fit, newest first."""
    newest: dict[str, int] = {}
    for scans, border_ns in _steps(groups, search, deadline):
        sql = _NEWEST.format(scans=" UNION ALL ".join(scan.sql for scan in scans))
        values = [value for scan in scans for value in scan.values]
        for trace, start_ns in db.execute(sql, [*values, search.limit]).fetchall():
            newest[trace] = max(newest.get(trace, 0), start_ns)
        if sum(start_ns > border_ns for start_ns in newest.values()) >= search.limit:
            break
    return sorted(newest, key=lambda trace: (-newest[trace], trace))[: search.limit]


def _steps(
    groups: SpanGroups, search: Search, deadline: Deadline
) -> Iterator[tuple[list[Condition], int]]:
    """What to read, newest first, and the start of the newest span that may be in what is left."""
    ordered = [group for group in groups.newest_first() if _may_fit(group, search)]
    borders = [group.starts[1] for group in ordered] + [-1]
    tail = _tail_scan(groups, search)
    if tail is not None:
        yield [tail], borders[0]
    waiting: list[_Part] = []
    most = 1
    for border_ns, part in zip(borders[1:], _parts(ordered, search), strict=True):
        deadline.check()
        waiting += [part] if part is not None else []
        if len(waiting) == most or (waiting and border_ns < 0):
            yield [part.scan(search) for part in _joined(waiting)], border_ns
            waiting, most = [], min(2 * most, _MOST_AT_ONCE)


def _joined(parts: Sequence[_Part]) -> list[_Part]:
    made: list[_Part] = []
    for part in parts:
        both = made[-1].with_older(part) if made else None
        made[-1:] = [both] if both is not None else [*made[-1:], part]
    return made


def _may_fit(group: SpanGroup, search: Search) -> bool:
    first_ns, last_ns = group.starts
    if last_ns < search.start_min_ns or 0 < search.start_max_ns < first_ns:
        return False
    if not search.service or search.service == NO_SERVICE or group.services is None:
        return True
    first, last = group.services
    return first <= search.service <= last


def _parts(groups: Sequence[SpanGroup], search: Search) -> Iterator[_Part | None]:
    """None for a group of which no span can have all the attributes."""
    wanted = [(key, texts_of(value)) for key, value in attributes_in_maps(search)]
    with contextlib.ExitStack() as stack:
        files: dict[Path, memoryview] = {}
        for group in groups:
            if group.path not in files:
                files[group.path] = stack.enter_context(content(group.path))
            file = files[group.path]
            places = {key: group.places(key, texts, file) for key, texts in wanted}
            possible = all(found or key == ERROR_KEY for key, found in places.items())
            yield _Part(group.path, group.seqs, places) if possible else None


def _tail_scan(groups: SpanGroups, search: Search) -> Condition | None:
    """What is not in segments yet, by way of the view; None when that cannot have the keys."""
    keys = [key for key, _ in attributes_in_maps(search)]
    tails = groups.tails([key for key in keys if key != ERROR_KEY])
    if not tails:
        return None
    either = " OR ".join("(writer = ? AND seq >= ?)" for _ in tails)
    own = Condition(f"({either})", tuple(itertools.chain.from_iterable(tails)))
    return _scan("spans", [own], search, dict.fromkeys(keys, PLACES))


def _scan(
    table: str, own: Sequence[Condition], search: Search, places: dict[str, frozenset[str]]
) -> Condition:
    in_maps = attribute_conditions(search, places)
    where, values = together([*own, *plain_conditions(search), *in_maps])
    return Condition(_SCAN.format(table=table, where=where), tuple(values))
