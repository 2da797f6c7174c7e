"""Say how many bytes decoded messages take on the wire, to notice what was not decoded.

The rules are those of "Encoding" in the documentation of Protocol Buffers: before its value a field
has a tag, which is a varint; strings, bytes and messages have their length in between, a varint
too; what has its default is left out, where it is not said to be present.
"""

import functools
from collections.abc import Iterator
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from spanledger_exporters.decoding.attributes import offsets_of

_INT32: Final = pa.int32()
_INT64: Final = pa.int64()
_ZERO: Final = pa.scalar(0, _INT32)
_BELOW_ZERO: Final = 10
"""Bytes of a negative varint: all 64 bits, seven in a byte."""
_LONGER: Final = {
    _INT32: [pa.scalar(1 << bits, _INT32) for bits in range(7, 31, 7)],
    _INT64: [pa.scalar(1 << bits, _INT64) for bits in range(7, 63, 7)],
}
"""From which numbers on a varint takes one byte more."""
_TEXTS: Final = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
_WIDTHS: Final = {
    FieldDescriptor.TYPE_BOOL: 1,
    FieldDescriptor.TYPE_FIXED32: 4,
    FieldDescriptor.TYPE_FIXED64: 8,
    FieldDescriptor.TYPE_DOUBLE: 8,
}
_Sizes = pa.Array | int
"""One a row, or one for all."""


def shortest(kind: Descriptor, messages: pa.Array) -> pa.Array:
    """How many bytes (int32) the shortest encoding of each message takes.

    As many came in, unless some of it was not decoded, or was not written in the shortest way.
    """
    found = list(_fields(kind, messages))
    same = sum(sizes for sizes in found if isinstance(sizes, int))
    varying = [sizes for sizes in found if not isinstance(sizes, int)]
    if not varying:
        return pa.repeat(pa.scalar(same, _INT32), len(messages))
    total = functools.reduce(pc.add, varying)
    return pc.add(total, pa.scalar(same, _INT32)) if same else total


def _fields(kind: Descriptor, messages: pa.Array) -> Iterator[_Sizes]:
    for field in kind.fields:
        column = messages.field(field.name)
        if column.null_count == len(column):
            continue
        if field.is_repeated:
            yield _in_lists(field, column)
        elif not field.has_presence:
            yield _unless_default(field, _measure(field, column))
        elif column.null_count:
            sizes = _of_values(field, _measure(field, column))
            yield pc.if_else(pc.is_valid(column), _scalar(sizes), _ZERO)
        else:
            yield _of_values(field, _measure(field, column))


def _in_lists(field: FieldDescriptor, lists: pa.ListArray) -> _Sizes:
    """Of messages: traces and logs have no other lists."""
    if not len(lists.values):
        return 0
    each = _delimited(field, _measure(field, lists.values))
    ends = offsets_of(each).take(lists.offsets)
    return pc.subtract(ends.slice(1), ends.slice(0, len(lists)))


def _unless_default(field: FieldDescriptor, measure: pa.Array) -> _Sizes:
    lowest, highest = _range(measure)
    if lowest == highest == 0:
        return 0
    sizes = _of_values(field, measure)
    if lowest > 0:
        return sizes
    return pc.if_else(pc.equal(measure, pa.scalar(0, measure.type)), _ZERO, _scalar(sizes))


def _measure(field: FieldDescriptor, column: pa.Array) -> pa.Array:
    """What the size of a field depends on: its value's length, or the number itself."""
    if field.message_type:
        return shortest(field.message_type, column)
    return pc.binary_length(column) if field.type in _TEXTS else column


def _of_values(field: FieldDescriptor, measure: pa.Array) -> _Sizes:
    """The size of a field, its tag included, wherever it is present."""
    if field.message_type or field.type in _TEXTS:
        return _delimited(field, measure)
    if field.type in _WIDTHS:
        return _tag(field) + _WIDTHS[field.type]
    return _varint(field, pc.cast(measure, _INT64))


def _delimited(field: FieldDescriptor, lengths: pa.Array) -> pa.Array:
    return pc.add(lengths, _scalar(_varint(field, lengths)))


def _varint(field: FieldDescriptor, numbers: pa.Array) -> _Sizes:
    """The tag and a number."""
    lowest, highest = _range(numbers)
    sizes: _Sizes = _tag(field) + 1
    for limit in _LONGER[numbers.type]:
        if highest < limit.as_py():
            break
        sizes = pc.add(_scalar(sizes), pc.cast(pc.greater_equal(numbers, limit), _INT32))
    if lowest >= 0:
        return sizes
    below = pc.greater(pa.scalar(0, numbers.type), numbers)
    return pc.if_else(below, _scalar(_tag(field) + _BELOW_ZERO), _scalar(sizes))


def _tag(field: FieldDescriptor) -> int:
    return 1 if field.number < 1 << 4 else 2


def _range(numbers: pa.Array) -> tuple[int, int]:
    found = pc.min_max(numbers).as_py()
    return found["min"] or 0, found["max"] or 0


def _scalar(sizes: _Sizes) -> pa.Array | pa.Scalar:
    return pa.scalar(sizes, _INT32) if isinstance(sizes, int) else sizes
