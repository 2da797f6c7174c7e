"""Write JSON text with Arrow kernels: one call a column, not one a value."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

_PRINTED: Final = (("\\", "\\\\"), ('"', '\\"'))
_SHORT: Final = (*_PRINTED, ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_USUAL: Final = bytes({*range(0x20, 256), *b"\n\r\t"})
_SPACE: Final = 0x20
_WHOLE: Final = r"^-?[0-9]+$"
NO_TEXT: Final = pa.scalar(None, pa.string())


@cache
def constant(text: str) -> pa.Scalar:
    """The text as an Arrow scalar.

    Kernels also take a Python str, but every call then looks for a module that is not installed
    (dateutil, to recognise time deltas): 0.2 ms each, 20 ms for a small request.
    """
    return pa.scalar(text, pa.string())


_POINT_ZERO: Final = constant(".0")
_NOTHING: Final = constant("")
_NO_NUMBER: Final = pa.scalar(None, pa.int64())
_ZERO: Final = pa.scalar(0, pa.int64())
_ZERO_LENGTH: Final = pa.scalar(0, pa.int32())
_TWO: Final = pa.scalar(2, pa.int32())


def escaped(strings: pa.Array) -> pa.Array:
    """Each string as it stands between JSON's quotes; null stays null."""
    # Looking at the bytes of all values together finds out that nothing needs escaping, which is
    # the usual case: 0.1 ns a byte against 100 ns a string for a regular expression.
    data = bytes(bytes_of(strings))
    has_controls = _has_controls(data)
    if has_controls and data.translate(None, _USUAL):
        return _escaped_one_by_one(strings)
    for char, escape in _SHORT if has_controls else _PRINTED:
        if char.encode() in data:
            strings = pc.replace_substring(strings, char, escape)
    return strings


def _has_controls(data: bytes) -> bool:
    """Whether any byte is below U+0020."""
    numbers = pa.Array.from_buffers(pa.uint8(), len(data), [None, pa.py_buffer(data)])
    lowest = pc.min(numbers).as_py()
    return lowest is not None and lowest < _SPACE


def _escaped_one_by_one(strings: pa.Array) -> pa.Array:
    """Other control characters (below U+0020) are rare and left to the standard library."""
    texts = strings.to_pylist()
    return pa.array(
        [None if t is None else json.dumps(t, ensure_ascii=False)[1:-1] for t in texts], pa.string()
    )


def bytes_of(strings: pa.Array) -> memoryview:
    """All values after each other, not copied."""
    data = strings.buffers()[2]
    if data is None or not len(strings):
        return memoryview(b"")
    ends = ends_of(strings)
    return memoryview(data)[ends[0].as_py() : ends[-1].as_py()]


def ends_of(strings: pa.Array) -> pa.Array:
    """Where each value starts in the array's data, and where the last one ends."""
    return pa.Array.from_buffers(
        pa.int32(), len(strings) + 1, [None, strings.buffers()[1]], offset=strings.offset
    )


def strings_at(ends: pa.Array, data: pa.Buffer | None, none: pa.Array | None = None) -> pa.Array:
    """The texts that lie between these places in the data, not copied; null where `none`."""
    present = None if none is None else pc.invert(none).buffers()[1]
    return pa.StringArray.from_buffers(len(ends) - 1, ends.buffers()[1], data, present)


def doubles(numbers: pa.Array) -> pa.Array:
    """Shortest text that reads back as the same double: `5.0`; or `{"$double":"NaN"}`."""
    text = pc.cast(numbers, pa.string())
    text = pc.if_else(
        pc.match_substring_regex(text, _WHOLE),
        pc.binary_join_element_wise(text, _POINT_ZERO, _NOTHING),
        text,
    )
    if pc.all(pc.is_finite(numbers)).as_py() is not False:
        return text
    odd = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return pa.array(
        [f'{{"$double":"{odd[t]}"}}' if t in odd else t for t in text.to_pylist()], pa.string()
    )


def hexadecimal(ids: pa.Array) -> pa.Array:
    """Lower-case hex of each id; an empty id is null."""
    count, ends = len(ids), ends_of(ids)
    data = ids.buffers()[2]
    digits = b"" if data is None else data.to_pybytes().hex().encode()
    text = pa.StringArray.from_buffers(
        count, pc.multiply(ends, _TWO).buffers()[1], pa.py_buffer(digits)
    )
    return empty_to_null(text)


def empty_to_null(strings: pa.Array) -> pa.Array:
    """A proto3 string that was not set reads as '': null here."""
    return pc.if_else(pc.equal(pc.binary_length(strings), _ZERO_LENGTH), NO_TEXT, strings)


def zero_to_null(numbers: pa.Array) -> pa.Array:
    """A proto3 number that was not set reads as 0: null here, as BIGINT."""
    numbers = pc.cast(numbers, pa.int64())
    return pc.if_else(pc.equal(numbers, _ZERO), _NO_NUMBER, numbers)


class Json(NamedTuple):
    """A column's values as JSON text; those of a `quoted` one still want their quotes."""

    text: pa.Array
    quoted: bool = False


def members(columns: Mapping[str, Json], more: Sequence[pa.Array] = ()) -> pa.Array:
    """`,"name":value` for each column in which a row has one, then the texts of `more`.

    What stands between columns without nulls is one constant: they are copied once, by one kernel.
    """
    parts: list[pa.Array | pa.Scalar] = []
    between = ""
    for name, (values, quoted) in columns.items():
        quote = '"' if quoted else ""
        opening = f',"{name}":{quote}'
        if values.null_count:
            parts += [constant(between), enclosed(opening, values, quote)]
            between = ""
        else:
            parts += [constant(between + opening), values]
            between = quote
    return pc.binary_join_element_wise(
        *parts, constant(between), *more, _NOTHING, null_handling="skip"
    )


def enclosed(opening: str, text: pa.Array, closing: str) -> pa.Array:
    """The text between two constants; null stays null."""
    return pc.binary_join_element_wise(constant(opening), text, constant(closing), _NOTHING)


def objects(found: pa.Array) -> pa.Array:
    """The members as JSON objects: a brace in place of the first comma."""
    return enclosed("{", pc.utf8_slice_codeunits(found, 1), "}")


def by_type(column: pa.Array) -> Json:
    """The values of a plain column: numbers and booleans as they are."""
    if pa.types.is_string(column.type):
        return Json(escaped(column), quoted=True)
    if pa.types.is_floating(column.type):
        return Json(finite(column))
    return Json(pc.cast(column, pa.string()))


def finite(numbers: pa.Array) -> pa.Array:
    """Doubles of a typed column; NaN and infinities as strings, which DuckDB reads as DOUBLE."""
    return pc.replace_substring_regex(doubles(numbers), r'^\{"\$double":("[^"]+")\}$', r"\1")


def is_json_number(text: str) -> bool:
    """Whether the text is one JSON number."""
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text) is not None
