"""Write protobuf fields with Arrow kernels: one call a column, not one a message.

Arrays of bytes go in and come out; null is a field that is left out. Tags and wire types are read
from descriptors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.descriptor import Descriptor, FieldDescriptor

BINARY: Final = pa.binary()
NOTHING: Final = pa.scalar(b"", BINARY)

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_U64: Final = (1 << 64) - 1


def varint(number: int) -> bytes:
    """Base 128, low bits first; a negative number as its 64 bits."""
    number &= _U64
    written = bytearray()
    while rest := number >> 7:
        written.append(number & 0x7F | 0x80)
        number = rest
    written.append(number)
    return bytes(written)


def delimited(tag: bytes, payload: bytes) -> bytes:
    """One field whose value has a length."""
    return tag + varint(len(payload)) + payload


def tag_of(kind: Descriptor, field: str) -> bytes:
    """The bytes before a field's value."""
    found = kind.fields_by_name[field]
    wire = _WRITERS[found.type][0] if found.type in _WRITERS else _DELIMITED
    return varint(found.number << 3 | wire)


def message(kind: Descriptor, columns: Mapping[str, pa.Array], rows: int) -> pa.Array:
    """One message a row from columns named as its scalar fields; never null."""
    fields = [scalar(kind, name, column) for name, column in columns.items()]
    return together(fields, rows)


def scalar(kind: Descriptor, field: str, column: pa.Array) -> pa.Array:
    """The field's tag and value; ids are lower-case hex, integers of any width are signed."""
    _, write = _WRITERS[kind.fields_by_name[field].type]
    return write(tag_of(kind, field), column)


def together(fields: Sequence[pa.Array], rows: int) -> pa.Array:
    """The bytes of several fields after each other."""
    if not fields:
        return pa.array([b""] * rows, BINARY)
    return pc.binary_join_element_wise(
        *fields, NOTHING, null_handling="replace", null_replacement=b""
    )


def length_delimited(tag: bytes, payload: pa.Array) -> pa.Array:
    """Each payload as a field of its own."""
    lengths = varints(pc.binary_length(payload))
    return pc.binary_join_element_wise(pa.scalar(tag, BINARY), lengths, payload, NOTHING)


def varints(numbers: pa.Array) -> pa.Array:
    """Lengths and counts repeat, so each different number is written once."""
    encoded = numbers.dictionary_encode()
    written = [varint(number) for number in encoded.dictionary.to_pylist()]
    return pa.array(written, BINARY).take(encoded.indices)


def joined(lengths: pa.Array, items: pa.Array) -> pa.Array:
    """The items of each row after each other; a row of length null or 0 is empty."""
    ends = pc.cumulative_sum(pc.cast(pc.fill_null(lengths, 0), pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pc.binary_join(pa.ListArray.from_arrays(offsets, items), NOTHING)


def concatenated(texts: pa.Array) -> pa.Scalar:
    """All texts of an array after each other; none may be null."""
    every = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return pc.binary_join(every, "")[0]


def _text(tag: bytes, column: pa.Array) -> pa.Array:
    return length_delimited(tag, column.cast(BINARY))


def _hex(tag: bytes, column: pa.Array) -> pa.Array:
    # All in one call: two digits are a byte, so where each id ends is halved.
    ends = pc.cumulative_sum(pc.fill_null(pc.binary_length(column), 0))
    offsets = pc.divide(
        pa.concat_arrays([pa.array([0], pa.int32()), ends]), pa.scalar(2, pa.int32())
    )
    text = concatenated(pc.fill_null(column, "")).as_py()
    ids = pa.Array.from_buffers(
        BINARY, len(column), [None, offsets.buffers()[1], pa.py_buffer(bytes.fromhex(text))]
    )
    present = pc.if_else(pc.is_valid(column), ids, pa.scalar(None, BINARY))
    return length_delimited(tag, present)


def _number(tag: bytes, column: pa.Array) -> pa.Array:
    return _prefixed(tag, varints(column))


def _fixed64(tag: bytes, column: pa.Array) -> pa.Array:
    return _prefixed(tag, column.cast(pa.int64()).view(pa.binary(8)).cast(BINARY))


def _fixed32(tag: bytes, column: pa.Array) -> pa.Array:
    unsigned = column.cast(pa.int64()).cast(pa.uint32())
    return _prefixed(tag, unsigned.view(pa.binary(4)).cast(BINARY))


def _prefixed(tag: bytes, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(tag, BINARY), values, NOTHING)


_WRITERS: Final[dict[int, tuple[int, Callable[[bytes, pa.Array], pa.Array]]]] = {
    FieldDescriptor.TYPE_STRING: (_DELIMITED, _text),
    FieldDescriptor.TYPE_BYTES: (_DELIMITED, _hex),
    FieldDescriptor.TYPE_DOUBLE: (_FIXED64, _fixed64),
    FieldDescriptor.TYPE_INT64: (_VARINT, _number),
    FieldDescriptor.TYPE_ENUM: (_VARINT, _number),
    FieldDescriptor.TYPE_UINT32: (_VARINT, _number),
    FieldDescriptor.TYPE_FIXED64: (_FIXED64, _fixed64),
    FieldDescriptor.TYPE_FIXED32: (_FIXED32, _fixed32),
}
