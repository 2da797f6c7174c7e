"""Turn single AnyValue messages into journal text, for the few that Arrow cannot.

The text of a value: a string as it is, everything else as JSON (`5`, `5.0`, `true`, `[1,"a"]`,
`{"k":1}`, `{"$bytes":"<base64>"}`, `{"$double":"NaN"}`, null for an empty value). An object with a
key twice, one that starts with `$` or one without any value is `{"$kvlist":[[key,value],…]}`, the
last as `[key]`. Indexes into the dictionary of profiles are `{"$strindex":n}`, beside a `$pair` for
keys.
"""

import base64
import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)

from spanledger_exporters.decoding.careful import parsed

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


def read(pairs: Iterable[KeyValue]) -> tuple[list[Json], str]:
    """The natural values of attributes, and their letters; `?` also for an index as the key."""
    naturals: list[Json] = []
    letters: list[str] = []
    for pair in pairs:
        value = pair.value
        kind = value.WhichOneof("value")
        if pair.key_strindex:
            kind = "string_value_strindex"
        if kind == "string_value":
            naturals.append(value.string_value)
        else:
            naturals.append(_NATURAL[kind](value) if kind else None)
        letters.append(LETTERS[kind] if kind or pair.HasField("value") else "-")
    return naturals, "".join(letters)


def _array(array: ArrayValue) -> Json:
    return [natural(item) for item in array.values]


def _object(pairs: Sequence[KeyValue]) -> Json:
    found = {pair.key: natural(pair.value) for pair in pairs}
    odd = len(found) < len(pairs) or any(key.startswith("$") for key in found)
    if odd or any(pair.key_strindex or not pair.HasField("value") for pair in pairs):
        return {"$kvlist": [_pair(pair) for pair in pairs]}
    return found


def _pair(pair: KeyValue) -> Json:
    found: list[Json] = [pair.key]
    if pair.HasField("value"):
        found.append(natural(pair.value))
    return {"$strindex": pair.key_strindex, "$pair": found} if pair.key_strindex else found


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
    "string_value_strindex": lambda v: {"$strindex": v.string_value_strindex},
    "bytes_value": lambda v: {"$bytes": base64.b64encode(v.bytes_value).decode()},
}


def dump(value: Json) -> str:
    """Compact JSON text."""
    return _ENCODER.encode(value)


def array_text(raw: bytes) -> str:
    """JSON text of a serialized ArrayValue; raises NotWholeError."""
    return dump(_array(parsed(ArrayValue, raw)))


def object_text(raw: bytes) -> str:
    """JSON text of a serialized KeyValueList; raises NotWholeError."""
    return dump(_object(parsed(KeyValueList, raw).values))


def bytes_text(raw: bytes) -> str:
    """JSON text of a bytes value."""
    return '{"$bytes":"' + base64.b64encode(raw).decode() + '"}'


def text(plain: Json) -> str | None:
    """What the map columns hold for a natural value."""
    if isinstance(plain, str):
        return plain
    if isinstance(plain, int | float) and not isinstance(plain, bool):
        return repr(plain)
    return None if plain is None else dump(plain)


def text_of(value: AnyValue) -> str | None:
    """What the map columns hold for the value."""
    return text(natural(value))


def letter_of(value: AnyValue) -> str:
    """The value's letter in the `*_types` columns."""
    return LETTERS[value.WhichOneof("value")]
