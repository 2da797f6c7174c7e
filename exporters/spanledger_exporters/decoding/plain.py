"""Decode in plain Python: metrics, and groups so small that Arrow's kernels would cost more.

A group of one-span requests takes 0.1 ms a span here, and 7 ms altogether in `spans.py`, whose
400 kernel calls pay from about 60 spans on. The rows are the same: a test compares the two.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import pyarrow as pa

from spanledger_exporters import columns
from spanledger_exporters.decoding import values
from spanledger_exporters.decoding.careful import bad_id
from spanledger_exporters.decoding.rows import FewRows, refuse
from spanledger_exporters.decoding.wire import WIRES

Row = dict[str, Any]
"""Values by column name; beside a map `m` stands `$m`, its natural JSON."""

_WRAP: Final = 1 << 64


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
    return FewRows(signal, found, [_members(row) for row in found])


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
        for scopes in getattr(resources, wire.scopes):
            yield _source(resources, scopes), getattr(scopes, wire.records)


def attributes(pairs: Any, name: str = "attributes", types: str = "attribute_types") -> Row:
    """A map column, its natural twin and its type letters; raises Irregular for a repeated key."""
    if not pairs:
        return {}
    naturals = [values.natural(pair.value) for pair in pairs]
    keys = [pair.key for pair in pairs]
    if len(set(keys)) < len(keys) or any(pair.key_strindex for pair in pairs):
        raise Irregular
    letters = "".join(values.letter_of(p.value) if p.HasField("value") else "-" for p in pairs)
    if "?" in letters:
        raise Irregular
    texts = [plain if isinstance(plain, str) else values.text(plain) for plain in naturals]
    row: Row = {
        name: list(zip(keys, texts, strict=True)),
        f"${name}": dict(zip(keys, naturals, strict=True)),
    }
    if letters.strip("s"):
        row[types] = letters
    return row


def _source(resources: Any, scopes: Any) -> Row:
    """The source columns; `$irregular` when no map holds them."""
    resource, scope = resources.resource, scopes.scope
    row: Row = {"resource": [], "$resource": {}} if resources.HasField("resource") else {}
    try:
        row |= attributes(resource.attributes, "resource", "resource_types")
        row |= attributes(scope.attributes, "scope_attributes", "scope_attribute_types")
    except Irregular:
        row["$irregular"] = True
    return row | {
        "resource_dropped_attributes_count": resource.dropped_attributes_count or None,
        "resource_entity_refs": _entity_refs(resource),
        "resource_schema_url": resources.schema_url or None,
        "scope_name": scope.name if scopes.HasField("scope") else None,
        "scope_version": scope.version or None,
        "scope_dropped_attributes_count": scope.dropped_attributes_count or None,
        "scope_schema_url": scopes.schema_url or None,
    }


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
    if signal == "logs" and row.get("event_name") is None:
        row["event_name"] = row["event_name_field"]
    return row


_Ranked = dict[str, list[tuple[int, columns.Column]]]


@cache
def _promotions(signal: str) -> tuple[_Ranked, list[tuple[str, columns.Column]]]:
    """For each attribute key the columns it may fill, with its place among their aliases."""
    ranked: _Ranked = {}
    of_resource: list[tuple[str, columns.Column]] = []
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
    pattern = columns.INTEGER if kind == "BIGINT" else columns.NUMBER
    if not pattern.fullmatch(text):
        return None
    return int(text.strip().partition(".")[0]) if kind == "BIGINT" else float(text)


def _restrict_plans(row: Row, own: dict[str, str]) -> None:
    """Only planning calls and plan snapshots have them (`columns.PROMOTED`)."""
    if row.get("tool_name") in columns.PLANNING_TOOLS or columns.PLAN_SNAPSHOT in own:
        return
    for name in (columns.PLAN_DOCUMENT, columns.PLAN_RESULT):
        row.pop(name, None)


def _members(row: Row) -> str:
    """The inside of the row's JSON object."""
    return values.dump(_shown(row))[1:-1]


def _shown(row: Row) -> values.Json:
    """A row, or a struct in it, with its maps written from their natural twins."""
    return {
        name: row[f"${name}"] if f"${name}" in row else _json(value)
        for name, value in row.items()
        if value is not None and not name.startswith("$")
    }


def _json(value: Any) -> values.Json:
    """A typed column's value; NaN and infinities as strings, which DuckDB reads as DOUBLE."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return _shown(value)
    plain: values.Json = value
    return plain
