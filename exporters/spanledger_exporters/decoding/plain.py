"""Decode in plain Python: metrics, and groups so small that Arrow's kernels would cost more.

A group of one-span requests takes 0.1 ms a span here, and 7 ms altogether in `spans.py`, whose
400 kernel calls pay from about 90 spans on. The rows are the same: a test compares the two.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final

import pyarrow as pa
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from spanledger_exporters import columns, promoted
from spanledger_exporters.column import Column
from spanledger_exporters.decoding import talk, values
from spanledger_exporters.decoding.careful import bad_id
from spanledger_exporters.decoding.rows import FewRows, refuse
from spanledger_exporters.decoding.wire import WIRES

Row = dict[str, Any]
"""Values by column name; beside one of `_TWINS` stands its natural JSON, under `$` and its name."""

_WRAP: Final = 1 << 64
_PLAN_TEXTS: Final = (promoted.PLAN_DOCUMENT, promoted.PLAN_RESULT)


_OF_SOURCE: Final = tuple(
    column.name for column in columns.SPANS if column.name.startswith(("resource", "scope_"))
)


_TWINS: Final = {
    name: f"${name}"
    for name in (
        "attributes",
        "resource",
        "scope_attributes",
        "body",
        "metadata",
        "filtered_attributes",
    )
}


class Irregular(Exception):  # noqa: N818 - not an error: the record is looked at again
    """A record has something that no map column holds."""


def decode(
    signal: str,
    rows_of: Callable[[Any], Iterator[Row]],
    payloads: list[bytes],
    wires: list[str | None] | None,
) -> FewRows:
    """Serialized export requests to rows; `wires` has the `wire` of each payload.

    Raises IrregularError when a record has an invalid id or something no column holds.
    """
    found: list[Row] = []
    irregular: list[int] = []
    place = 0
    for index, payload in enumerate(payloads):
        request: Any = WIRES[signal].request.FromString(payload)
        wire = {"wire": wires[index]} if wires else {}
        for source, records in _scopes(signal, request):
            for record in records:
                try:
                    found += _read(signal, rows_of, record, source | wire)
                except Irregular:
                    irregular.append(place)
                place += 1
    refuse([pa.array(irregular, pa.int32())])
    return FewRows(signal, found, [_members(signal, row) for row in found])


def _read(
    signal: str, rows_of: Callable[[Any], Iterator[Row]], record: Any, source: Row
) -> list[Row]:
    if "$irregular" in source or bad_id(signal, record):
        raise Irregular
    return [_promoted(signal, row | source) for row in rows_of(record)]


def _scopes(signal: str, request: Any) -> Iterator[tuple[Row, Any]]:
    """Each scope's source columns and its records."""
    wire = WIRES[signal]
    for resources in getattr(request, wire.resources):
        resource = _bytes_of(resources, "resource")
        for scopes in getattr(resources, wire.scopes):
            scope = _bytes_of(scopes, "scope")
            of = _source_again if len(resource or b"") + len(scope or b"") < _COMMON else _source
            source = of(resource, resources.schema_url, scope, scopes.schema_url)
            yield source, getattr(scopes, wire.records)


def _bytes_of(parent: Any, field: str) -> bytes | None:
    return getattr(parent, field).SerializeToString() if parent.HasField(field) else None


def attributes(pairs: Any, name: str = "attributes", types: str = "attribute_types") -> Row:
    """A map column, its natural twin and its type letters; raises Irregular for a repeated key."""
    if not pairs:
        return {}
    keys = [pair.key for pair in pairs]
    naturals, letters = values.read(pairs)
    if len(set(keys)) < len(keys) or "?" in letters:
        raise Irregular
    texts = [plain if isinstance(plain, str) else values.text(plain) for plain in naturals]
    row: Row = {
        name: list(zip(keys, texts, strict=True)),
        f"${name}": dict(zip(keys, naturals, strict=True)),
    }
    if letters.strip("s"):
        row[types] = letters
    return row


def _source(resource: bytes | None, resource_url: str, scope: bytes | None, scope_url: str) -> Row:
    """The source columns, `$source` their JSON; `$irregular` when no map holds them."""
    above, own = Resource.FromString(resource or b""), InstrumentationScope.FromString(scope or b"")
    row: Row = {} if resource is None else {"resource": [], "$resource": {}}
    try:
        row |= attributes(above.attributes, "resource", "resource_types")
        row |= attributes(own.attributes, "scope_attributes", "scope_attribute_types")
    except Irregular:
        row["$irregular"] = True
    row |= {
        "resource_dropped_attributes_count": above.dropped_attributes_count or None,
        "resource_entity_refs": _entity_refs(above),
        "resource_schema_url": resource_url or None,
        "scope_name": None if scope is None else own.name,
        "scope_version": own.version or None,
        "scope_dropped_attributes_count": own.dropped_attributes_count or None,
        "scope_schema_url": scope_url or None,
    }
    return row | {"$source": _inside(row, _OF_SOURCE)}


# A sender's resource and scope come again with each of its requests: a third of a small one's cost.
_source_again: Final = lru_cache(256)(_source)
_COMMON: Final = 8 << 10
"""Bytes of a resource and scope that are remembered; 256 of them are 2 MiB, as rows some 20."""


def _entity_refs(resource: Any) -> str | None:
    refs: list[values.Json] = [
        {
            "schema_url": ref.schema_url,
            "type": ref.type,
            "id_keys": list(ref.id_keys),
            "description_keys": list(ref.description_keys),
        }
        for ref in resource.entity_refs
    ]
    return values.dump(refs) if refs else None


def signed(number: int) -> int:
    """An unsigned 64-bit number as the BIGINT with the same bits."""
    return number - _WRAP if number >= _WRAP >> 1 else number


def _promoted(signal: str, row: Row) -> Row:
    own, resource = dict(row.get("attributes", ())), dict(row.get("resource", ()))
    ranked, of_resource = _promotions(signal)
    best: dict[str, int] = {}
    for key in own.keys() & ranked.keys():
        for rank, column in ranked[key]:
            value = _typed(own[key], column.type)
            if value is not None and rank < best.get(column.name, rank + 1):
                best[column.name], row[column.name] = rank, value
    for key, column in of_resource:
        if resource.get(key) is not None and column.name not in best:
            row[column.name] = _typed(resource[key], column.type)
    _restrict_plans(row, own)
    if (row.get("session_id") or "").startswith(promoted.NO_SESSION):
        row["session_id"] = None
    _add_talk(signal, row, own)
    if signal == "logs" and row.get("event_name") is None:
        row["event_name"] = row["event_name_field"]
    return row


_Ranked = dict[str, list[tuple[int, Column]]]


@cache
def _promotions(signal: str) -> tuple[_Ranked, list[tuple[str, Column]]]:
    """For each attribute key the columns it may fill, with its place among their aliases."""
    ranked: _Ranked = {}
    of_resource: list[tuple[str, Column]] = []
    for column in columns.TABLES[signal]:
        for rank, alias in enumerate(column.aliases):
            ranked.setdefault(alias, []).append((rank, column))
        of_resource += [(key, column) for key in column.of_resource]
    return ranked, of_resource


def _typed(text: str | None, kind: str) -> Any:
    """The value as the column's type; None when it does not fit."""
    if text is None:
        return None
    if kind == "VARCHAR":
        return text
    pattern = promoted.INTEGER if kind == "BIGINT" else promoted.NUMBER
    if not pattern.fullmatch(text):
        return None
    return int(text.strip().partition(".")[0]) if kind == "BIGINT" else float(text)


def _restrict_plans(row: Row, own: dict[str, str]) -> None:
    """Only planning calls and plan snapshots have them (`promoted.PROMOTED`)."""
    if row.get("tool_name") in promoted.PLANNING_TOOLS or promoted.PLAN_SNAPSHOT in own:
        if promoted.PLAN_DOCUMENT in row:
            row[promoted.PLAN_DOCUMENT] = talk.arguments(row[promoted.PLAN_DOCUMENT])
        return
    for name in (promoted.PLAN_DOCUMENT, promoted.PLAN_RESULT):
        row.pop(name, None)


def _add_talk(signal: str, row: Row, own: dict[str, str]) -> None:
    """Fill `promoted.TALK`, and a planning call's texts from events if no attribute has them."""
    if signal == "metrics":
        return
    events = [
        (event["name"], dict(event.get("attributes", ())))
        for event in row.get("events") or ()
        if talk.is_event(event["name"])
    ]
    if row.get("tool_name") is not None:
        if events and row["tool_name"] in promoted.PLANNING_TOOLS:
            for column, found in zip(_PLAN_TEXTS, talk.tool_texts(events), strict=True):
                row[column] = row.get(column) or found
        return
    name: str = row.get("event_name") or row.get("event_name_field") or ""
    if signal == "logs" and talk.is_event(name) and name != talk.DETAILS:
        row.update(talk.talk_of_event(name, row["body"]))
    elif events or any(talk.is_key(key) for key in own):
        row.update(talk.talk(own, events, row.get("operation")))


def _members(signal: str, row: Row) -> str:
    """The row's JSON members, a comma before each."""
    source: str = row["$source"]
    return _inside(row, _own_columns(signal)) + source


@cache
def _own_columns(signal: str) -> tuple[str, ...]:
    return tuple(c.name for c in columns.TABLES[signal] if c.name not in _OF_SOURCE)


def _inside(row: Row, names: Iterable[str]) -> str:
    inside = values.dump(_shown(row, names))[1:-1]
    return f",{inside}" if inside else ""


def _shown(row: Row, names: Iterable[str]) -> values.Json:
    """These values of a row, or of a struct in it, its maps written from their natural twins."""
    return {
        name: row[_TWINS[name]] if name in _TWINS else _json(value)
        for name in names
        if (value := row.get(name)) is not None
    }


def _json(value: Any) -> values.Json:
    """A typed column's value; NaN and infinities as strings, which DuckDB reads as DOUBLE."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return _shown(value, [name for name in value if name[0] != "$"])
    plain: values.Json = value
    return plain
