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
from spanledger_exporters.decoding.careful import bad_id, is_regular
from spanledger_exporters.decoding.rows import RECEIPT, Rows, refuse
from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.decoding.wire import WIRES

Row = dict[str, Any]
"""Values by column name; beside a map `m` stands `$m`, its natural JSON."""

_WRAP: Final = 1 << 64


def decode(
    signal: str,
    rows_of: Callable[[Any], Iterator[Row]],
    payloads: list[bytes],
    wires: list[str | None] | None,
) -> Rows:
    """Serialized export requests to rows; `wires` has the `wire` of each payload.

    Raises IrregularError when a record has an invalid id or something no column holds.
    """
    found: list[Row] = []
    irregular: list[int] = []
    place = 0
    for index, payload in enumerate(payloads):
        request: Any = WIRES[signal].request.FromString(payload)
        wire = {"wire": wires[index] if wires else None}
        for source, regular, records in _scopes(signal, request):
            for record in records:
                if not regular or not is_regular(record) or bad_id(signal, record):
                    irregular.append(place)
                found += [_promoted(signal, r | source | wire) for r in rows_of(record)]
                place += 1
    refuse([pa.array(irregular, pa.int32())])
    return _rows(signal, found)


def _scopes(signal: str, request: Any) -> Iterator[tuple[Row, bool, Any]]:
    """Each scope's source columns, whether maps can hold them, and its records."""
    wire = WIRES[signal]
    for resources in getattr(request, wire.resources):
        for scopes in getattr(resources, wire.scopes):
            regular = is_regular(resources.resource) and is_regular(scopes.scope)
            yield _source(resources, scopes), regular, getattr(scopes, wire.records)


def _source(resources: Any, scopes: Any) -> Row:
    resource, scope = resources.resource, scopes.scope
    sent = resources.HasField("resource")
    return {
        "resource": (values.map_of(resource.attributes) or []) if sent else None,
        "resource_types": values.types_of(resource.attributes),
        "resource_dropped_attributes_count": resource.dropped_attributes_count or None,
        "resource_entity_refs": _entity_refs(resource),
        "resource_schema_url": resources.schema_url or None,
        "scope_name": scope.name if scopes.HasField("scope") else None,
        "scope_version": scope.version or None,
        "scope_attributes": values.map_of(scope.attributes),
        "scope_attribute_types": values.types_of(scope.attributes),
        "scope_dropped_attributes_count": scope.dropped_attributes_count or None,
        "scope_schema_url": scopes.schema_url or None,
        "$resource": values.object_of(resource.attributes) or ({} if sent else None),
        "$scope_attributes": values.object_of(scope.attributes),
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
    own, resource = dict(row["attributes"] or ()), dict(row["resource"] or ())
    for column in _promoted_columns(signal):
        texts = [own.get(key) for key in column.aliases]
        texts += [resource.get(key) for key in column.of_resource]
        typed = (_typed(text, column.type) for text in texts if text is not None)
        row[column.name] = next((value for value in typed if value is not None), None)
    _restrict_plan_document(row, own)
    if signal == "logs" and row["event_name"] is None:
        row["event_name"] = row["event_name_field"]
    return row


@cache
def _promoted_columns(signal: str) -> tuple[columns.Column, ...]:
    return tuple(c for c in columns.TABLES[signal] if c.aliases or c.of_resource)


def _typed(text: str, kind: str) -> Any:
    """The value as the column's type; None when it does not fit."""
    if kind == "VARCHAR":
        return text
    pattern = columns.INTEGER if kind == "BIGINT" else columns.NUMBER
    if not pattern.fullmatch(text):
        return None
    return int(text.strip().partition(".")[0]) if kind == "BIGINT" else float(text)


def _restrict_plan_document(row: Row, own: dict[str, str]) -> None:
    """Only planning calls and plan snapshots have one (`columns.PLAN_DOCUMENT`)."""
    planning = row.get("tool_name") in columns.PLANNING_TOOLS or columns.PLAN_SNAPSHOT in own
    if columns.PLAN_DOCUMENT in row and not planning:
        row[columns.PLAN_DOCUMENT] = None


def _rows(signal: str, found: list[Row]) -> Rows:
    shape = [field for field in schema(signal) if field.name not in RECEIPT]
    return Rows(
        signal=signal,
        count=len(found),
        columns={
            field.name: pa.array([row.get(field.name) for row in found], field.type)
            for field in shape
        },
        members=pa.array([_members(row) for row in found], pa.string()),
    )


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
