"""Write JSON text with Arrow kernels: one call a column, not one a value."""

import functools
import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SAFE: Final = bytes(set(range(0x20, 256)) - set(b'"\\'))
_SHORT: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_CONTROL: Final = bytes(set(range(0x20)) - set(b"\n\r\t"))
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
_QUOTE: Final = constant('"')
_COMMA: Final = constant(",")
_NO_NUMBER: Final = pa.scalar(None, pa.int64())
_ZERO: Final = pa.scalar(0, pa.int64())
_ZERO_LENGTH: Final = pa.scalar(0, pa.int32())
_TWO: Final = pa.scalar(2, pa.int32())


def quoted(strings: pa.Array) -> pa.Array:
    """Each string as a JSON string; null stays null."""
    return pc.binary_join_element_wise(_QUOTE, _escaped(strings), _QUOTE, _NOTHING)


def _escaped(strings: pa.Array) -> pa.Array:
    # One pass over the bytes of all values together finds out that nothing needs escaping,
    # which is the usual case: 1 ns a byte against 100 ns a string for a regular expression.
    odd = bytes(bytes_of(strings)).translate(None, _SAFE)
    if not odd:
        return strings
    if odd.translate(None, _CONTROL) != odd:
        return _escaped_one_by_one(strings)
    for char, escape in _SHORT:
        if char.encode() in odd:
            strings = pc.replace_substring(strings, char, escape)
    return strings


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


def member(name: str, json_text: pa.Array) -> pa.Array:
    """`"name":text` for each value; null where there is none, to be skipped by `joined`."""
    return pc.binary_join_element_wise(constant(f'"{name}":'), json_text, _NOTHING)


def joined(members: Sequence[pa.Array]) -> pa.Array:
    """Members of an object, comma between, nulls left out; '' where all are null.

    At least one array. The kernel drops a row in which everything is skipped, so none may be.
    """
    if all(member.null_count for member in members):
        nothing = functools.reduce(pc.and_, map(pc.is_null, members))
        members = [pc.if_else(nothing, _NOTHING, members[0]), *members[1:]]
    return pc.binary_join_element_wise(*members, _COMMA, null_handling="skip")


def braced(text: pa.Array, opening: str = "{", closing: str = "}") -> pa.Array:
    """The text between two constants."""
    return pc.binary_join_element_wise(constant(opening), text, constant(closing), _NOTHING)


def by_type(column: pa.Array) -> pa.Array:
    """JSON text of a plain column: strings quoted, numbers and booleans as they are."""
    if pa.types.is_string(column.type):
        return quoted(column)
    if pa.types.is_floating(column.type):
        return finite(column)
    return pc.cast(column, pa.string())


def finite(numbers: pa.Array) -> pa.Array:
    """Doubles of a typed column; NaN and infinities as strings, which DuckDB reads as DOUBLE."""
    return pc.replace_substring_regex(doubles(numbers), r'^\{"\$double":("[^"]+")\}$', r"\1")


def is_json_number(text: str) -> bool:
    """Whether the text is one JSON number."""
    return re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text) is not None
