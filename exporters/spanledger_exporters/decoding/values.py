"""Turn single AnyValue messages into journal text, for the few that Arrow cannot.

The text of a value: a string as it is, everything else as JSON (`5`, `5.0`, `true`, `[1,"a"]`,
`{"k":1}`, `{"$bytes":"<base64>"}`, `{"$double":"NaN"}`, null for an empty value). An object with a
key twice, or one that starts with `$`, is `{"$kvlist":[[key,value],…]}`.
"""

import base64
import json
import math
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Convert = Callable[[bytes], str]

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

LETTERS: Final = {
    "string_value": "s",
    "int_value": "i",
    "double_value": "d",
    "bool_value": "b",
    "array_value": "a",
    "kvlist_value": "o",
    "bytes_value": "y",
    "string_value_strindex": "?",  # means something only in profiles; such a record is irregular
    None: "n",
}
"""One letter a value in the `*_types` columns; `-` where a key came without any value."""


def natural(value: AnyValue) -> Json:
    """The value as plain JSON, with `$bytes` and `$double` where JSON has no such thing."""
    kind = value.WhichOneof("value")
    return _NATURAL[kind](value) if kind in _NATURAL else None


def _array(array: ArrayValue) -> Json:
    return [natural(item) for item in array.values]


def _object(pairs: Sequence[KeyValue]) -> Json:
    found = {pair.key: natural(pair.value) for pair in pairs}
    if len(found) < len(pairs) or any(key.startswith("$") for key in found):
        return {"$kvlist": [[pair.key, natural(pair.value)] for pair in pairs]}
    return found


def _double(number: float) -> Json:
    if math.isfinite(number):
        return number
    return {"$double": "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"}


_NATURAL: Final[dict[str | None, Callable[[AnyValue], Json]]] = {
    "string_value": lambda v: v.string_value,
    "int_value": lambda v: v.int_value,
    "double_value": lambda v: _double(v.double_value),
    "bool_value": lambda v: v.bool_value,
    "array_value": lambda v: _array(v.array_value),
    "kvlist_value": lambda v: _object(v.kvlist_value.values),
    "bytes_value": lambda v: {"$bytes": base64.b64encode(v.bytes_value).decode()},
}


def dump(value: Json) -> str:
    """Compact JSON text."""
    return _ENCODER.encode(value)


def array_text(raw: bytes) -> str:
    """JSON text of a serialized ArrayValue."""
    return dump(_array(ArrayValue.FromString(raw)))


def object_text(raw: bytes) -> str:
    """JSON text of a serialized KeyValueList."""
    return dump(_object(KeyValueList.FromString(raw).values))


def bytes_text(raw: bytes) -> str:
    """JSON text of a bytes value."""
    return '{"$bytes":"' + base64.b64encode(raw).decode() + '"}'


def text(plain: Json) -> str | None:
    """What the map columns hold for a natural value."""
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int) and not isinstance(plain, bool):
        return str(plain)
    return None if plain is None else dump(plain)


def text_of(value: AnyValue) -> str | None:
    """What the map columns hold for the value."""
    return text(natural(value))


def letter_of(value: AnyValue) -> str:
    """The value's letter in the `*_types` columns."""
    return LETTERS[value.WhichOneof("value")]
