"""Make any OTLP request there can be, from the protocol's own descriptors."""

import math

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import strategies as st

from spanledger_exporters.decoding.wire import WIRES
from spanledger_exporters.receiving.json_fields import ID_BYTES

_INTEGERS = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_ENUM: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
}


def requests(signal: str) -> st.SearchStrategy[Message]:
    """Any request of a signal: every field may be set, ids have a right length or none."""
    wire = WIRES[signal]
    descriptor = wire.service.message_types_by_name[wire.request.DESCRIPTOR.name]
    return arguments(descriptor, 9).map(lambda values: wire.request(**values))


def arguments(descriptor: Descriptor, depth: int) -> st.SearchStrategy[dict[str, object]]:
    fields = {f.name: values(f, depth) for f in descriptor.fields if depth or not f.message_type}
    groups = [[f.name for f in group.fields] for group in descriptor.oneofs]

    def one_of_each(members: dict[str, object]) -> dict[str, object]:
        spare = {name for group in groups for name in [n for n in group if n in members][1:]}
        return {name: value for name, value in members.items() if name not in spare}

    return st.fixed_dictionaries({}, optional=fields).map(one_of_each)


def values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[object]:
    below = field.message_type
    one = scalars(field) if below is None else st.deferred(lambda: arguments(below, depth - 1))
    return st.lists(one, max_size=2) if field.is_repeated else one


def scalars(field: FieldDescriptor) -> st.SearchStrategy[object]:
    if field.type in _INTEGERS:
        return st.integers(*_INTEGERS[field.type])
    if field.name in ID_BYTES:
        size = ID_BYTES[field.name]
        return st.one_of(st.just(b""), st.binary(min_size=size, max_size=size))
    plain: dict[int, st.SearchStrategy[object]] = {
        FieldDescriptor.TYPE_STRING: st.text(max_size=8),
        FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
        FieldDescriptor.TYPE_BOOL: st.booleans(),
        # JSON has one NaN, doubles have many.
        FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(math.nan),
    }
    return plain[field.type]
