"""Say in SQL which spans a search of Jaeger's means.

All conditions hold of one span. Attributes are compared as text, because Jaeger's page, its HTTP
API and its MCP server send every value as a string, whatever type the span has.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanledger_exporters.promoted import PLAN_DOCUMENT, PLAN_RESULT, PROMOTED

NO_SERVICE: Final = "OTLPResourceNoServiceName"
"""Jaeger's name for the service of a resource without attributes."""
SERVICE: Final = f"coalesce(service_name, '{NO_SERVICE}')"

KINDS: Final = ("", "internal", "server", "client", "producer", "consumer")
"""Jaeger's words for OTLP's span kinds, by number."""

ERROR: Final = 2

ERROR_KEY: Final = "error"
"""The tag that Jaeger shows for a status, and may be an attribute all the same."""

Value = str | bool | int | float


@dataclass(frozen=True, slots=True)
class Search:
    """What Jaeger looks for; empty and 0 mean anything. Times are unix nanoseconds."""

    service: str = ""
    operation: str = ""
    attributes: tuple[tuple[str, Value], ...] = ()
    start_min_ns: int = 0
    start_max_ns: int = 0
    duration_min_ns: int = 0
    duration_max_ns: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of a WHERE clause, and what its question marks stand for."""

    sql: str
    values: tuple[object, ...] = ()


def plain_conditions(search: Search) -> list[Condition]:
    """What scalar columns decide, which is fast: 50 ms for two million spans."""
    made = list(_of_the_span(search))
    if search.service == NO_SERVICE:
        made.append(Condition("(service_name IS NULL OR service_name = ?)", (NO_SERVICE,)))
    elif search.service:
        made.append(Condition("service_name = ?", (search.service,)))
    for key, value in search.attributes:
        if key in _COLUMNS:
            made.append(_column_condition(key, text_of(value)))
    return made


def _of_the_span(search: Search) -> Iterator[Condition]:
    for sql, value in (
        ("name = ?", search.operation),
        ("start_ns >= ?", search.start_min_ns),
        ("start_ns <= ?", search.start_max_ns),
        ("end_ns - start_ns >= ?", search.duration_min_ns),
        ("end_ns - start_ns <= ?", search.duration_max_ns),
    ):
        if value:
            yield Condition(sql, (value,))


def attributes_in_maps(search: Search) -> list[tuple[str, Value]]:
    """The attributes that no scalar column has."""
    return [(key, value) for key, value in search.attributes if key not in _COLUMNS]


def attribute_conditions(search: Search, places: Mapping[str, frozenset[str]]) -> list[Condition]:
    """What must be looked up in attribute maps; `places` are the columns that may have a key."""
    return [_anywhere(key, value, places[key]) for key, value in attributes_in_maps(search)]


def together(conditions: Sequence[Condition]) -> tuple[str, list[object]]:
    """The WHERE clause of them all, and its values."""
    if not conditions:
        return "", []
    text = " AND ".join(condition.sql for condition in conditions)
    return f"WHERE {text}", [value for condition in conditions for value in condition.values]


def _anywhere(key: str, value: Value, places: frozenset[str]) -> Condition:
    texts = texts_of(value)
    marks = ", ".join("?" for _ in texts)
    options = [
        Condition(_IN_PLACE[place].format(marks=marks), (key, *texts)) for place in sorted(places)
    ]
    if key == ERROR_KEY:
        is_error = text_of(value) == "true"
        options.append(Condition(_IS_ERROR if is_error else f"NOT {_IS_ERROR}"))
    either = " OR ".join(option.sql for option in options) or "false"
    values = tuple(value for option in options for value in option.values)
    column = _FIRST_ALIASES.get(key)
    if column is None or places != _OWN:
        return Condition(f"({either})", values)
    # The promoted column has the same text, and where no value fits the maps are not even read.
    return Condition(f"({column} IN ({marks}) AND {either})", (*texts, *values))


_OWN: Final = frozenset({"attributes"})

_IN_PLACE: Final = {
    "attributes": "attributes[?] IN ({marks})",
    "resource": "resource[?] IN ({marks})",
    "scope_attributes": "scope_attributes[?] IN ({marks})",
    "events": "len(list_filter(events, lambda e: e.attributes[?] IN ({marks}))) > 0",
    "links": "len(list_filter(links, lambda l: l.attributes[?] IN ({marks}))) > 0",
}
_IS_ERROR: Final = f"coalesce(status_code = {ERROR}, false)"

_FIRST_ALIASES: Final = {
    column.aliases[0]: column.name
    for column in PROMOTED
    if column.type == "VARCHAR"
    and column.aliases
    and column.name not in {PLAN_DOCUMENT, PLAN_RESULT}
}
"""Attribute keys whose value, wherever a span has them, is also in a column of its own."""

_COLUMNS: Final = {
    "span.kind": "kind",
    "otel.status_code": "status_code",
    "otel.status_description": "status_message",
    "otel.scope.name": "scope_name",
    "otel.scope.version": "scope_version",
    "w3c.tracestate": "trace_state",
}
"""What Jaeger shows as tags and OTLP has as fields."""
_STATUS: Final = {"OK": 1, "ERROR": ERROR}


def _column_condition(key: str, text: str) -> Condition:
    value: object = text
    if key == "span.kind":
        value = KINDS.index(text) if text in KINDS else -1
    elif key == "otel.status_code":
        value = _STATUS.get(text.upper(), -1)
    return Condition(f"{_COLUMNS[key]} = ?", (value,))


def text_of(value: Value) -> str:
    """As it would be written in a search field."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts_of(value: Value) -> tuple[str, ...]:
    """Every text that the ledger may have for the value: 5 is also 5.0, 1e3 also 1000.0."""
    text = text_of(value)
    number = _number(text)
    if number is None:
        return (text,)
    texts = {text, repr(number)}
    if number.is_integer():
        texts.add(str(int(number)))
    return tuple(sorted(texts))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # Ids of digits only are longer than a double is exact, and are text.
    return number if math.isfinite(number) and abs(number) < 1 << 53 else None
