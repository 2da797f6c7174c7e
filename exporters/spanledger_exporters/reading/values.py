"""Turn columns back into OTLP fields and attribute values (`decoding/` made them)."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.internal.containers import RepeatedCompositeFieldContainer
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Row = Mapping[str, Any]
"""One row: column name to plain Python value (maps as dicts, structs as dicts)."""

U64: Final = (1 << 64) - 1
"""The bits of an unsigned field whose column is signed."""

Scalars = tuple[tuple[str, str], ...]
"""(column, field) pairs; a NULL column leaves its field alone."""

_FIXED64: Final = frozenset(
    {
        "start_time_unix_nano",
        "end_time_unix_nano",
        "time_unix_nano",
        "observed_time_unix_nano",
        "count",
        "zero_count",
    }
)
"""Unsigned 64-bit fields; their columns are signed."""
_IDS: Final = frozenset({"trace_id", "span_id", "parent_span_id"})


def scalars(message: Message, row: Row, fields: Scalars) -> None:
    """Set the fields whose columns are not NULL."""
    for column, field in fields:
        value = row[column]
        if value is None:
            continue
        if field in _IDS:
            value = bytes.fromhex(value)
        elif field in _FIXED64:
            value &= U64
        # A gauge has no temporality and a summary no minimum: their columns are NULL.
        setattr(message, field, value)


def same(*names: str) -> Scalars:
    """Columns named like their fields."""
    return tuple((name, name) for name in names)


def attributes(
    into: RepeatedCompositeFieldContainer[KeyValue],
    values: Mapping[str, Any] | None,
    types: str | None,
) -> None:
    """Append the entries of a map column; `types` has a letter for each, None: all strings."""
    for index, (key, text) in enumerate((values or {}).items()):
        pair = into.add()
        pair.key = key
        letter = types[index] if types is not None else "s"
        if letter != "-":
            pair.value.SetInParent()
            restore(pair.value, text, letter)


def restore(value: AnyValue, text: str | None, letter: str) -> None:
    """Fill in what a text and its type letter say."""
    if letter == "s":
        value.string_value = text or ""
    elif letter == "d":
        value.double_value = _double(json.loads(text or "0"))
    elif letter != "n":
        _natural(value, json.loads(text or "null"))


def _double(plain: Any) -> float:
    return float(plain["$double"] if isinstance(plain, dict) else plain)


def _natural(value: AnyValue, plain: Any) -> None:
    """Fill in one value of the journal's natural JSON; null is a value without a kind."""
    if isinstance(plain, bool):
        value.bool_value = plain
    elif isinstance(plain, int):
        value.int_value = plain
    elif isinstance(plain, float):
        value.double_value = plain
    elif isinstance(plain, str):
        value.string_value = plain
    elif isinstance(plain, list):
        value.array_value.SetInParent()
        for item in plain:
            _natural(value.array_value.values.add(), item)
    elif isinstance(plain, dict):
        _object(value, plain)


def _object(value: AnyValue, plain: dict[str, Any]) -> None:
    if plain.keys() == {"$bytes"}:
        value.bytes_value = base64.b64decode(plain["$bytes"])
    elif plain.keys() == {"$strindex"}:
        value.string_value_strindex = plain["$strindex"]
    elif plain.keys() == {"$double"}:
        value.double_value = _double(plain)
    else:
        value.kvlist_value.SetInParent()
        for entry in plain.get("$kvlist") or plain.items():
            pair = value.kvlist_value.values.add()
            if isinstance(entry, dict):
                pair.key_strindex = entry["$strindex"]
            pair.key, *items = entry["$pair"] if isinstance(entry, dict) else entry
            for item in items:
                pair.value.SetInParent()
                _natural(pair.value, item)
