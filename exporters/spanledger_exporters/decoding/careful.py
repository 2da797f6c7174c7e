"""Look at records one by one where a whole request cannot be decoded at once.

A record that no protobuf parser takes, or with an impossible id, is rejected with its raw bytes.
A record that the columns cannot hold exactly (a key twice, a field from the future) is kept twice
over: cleaned for the columns, and whole in `wire`. All others go on untouched.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from google.protobuf import message
from google.protobuf.descriptor import FieldDescriptor

from spanledger_exporters.decoding.wire import WIRES, Wire, envelope
from spanledger_exporters.errors import BadRequestError

_Message = TypeVar("_Message", bound=message.Message)


class NotWholeError(Exception):
    """Something in a group of requests is not as our protocol files have it."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One record that could not be decoded: its bytes as received and the reason."""

    raw: bytes
    reason: str


@dataclass(slots=True)
class Sorted:
    """Requests that can be decoded, the `wire` text of each, and what was rejected."""

    payloads: list[bytes] = field(default_factory=list)
    wires: list[str | None] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def add(self, payload: bytes, wire: str | None) -> None:
        """Keep one more request."""
        self.payloads.append(payload)
        self.wires.append(wire)

    def extend(self, other: "Sorted") -> None:
        """Keep all of another's."""
        self.payloads += other.payloads
        self.wires += other.wires
        self.rejects += other.rejects


def is_whole(signal: str, payload: bytes) -> bool:
    """Whether the payload parses and has no field that our protocol files do not know."""
    try:
        parsed(WIRES[signal].request, payload)
    except NotWholeError:
        return False
    return True


def parsed(kind: type[_Message], raw: bytes) -> _Message:
    """A message; raises NotWholeError when it is none, or has fields that we do not know."""
    try:
        found = kind.FromString(raw)
    except message.DecodeError as error:
        raise NotWholeError from error
    if drop_unknown(found):
        raise NotWholeError
    return found


def sort(signal: str, payload: bytes, suspects: frozenset[int] | None = None) -> Sorted:
    """Take the suspect records (by place in the request; None: all) out and examine each.

    The rest stays together as the last payload. Raises BadRequestError when the envelope itself
    is not protobuf.
    """
    request, result, place, rest = _parsed_envelope(signal, payload), Sorted(), 0, 0
    for level, records in _levels(WIRES[signal], request):
        kept = []
        for raw in records:
            if suspects is None or place in suspects:
                _examine(signal, level, raw, result)
            else:
                kept.append(raw)
            place += 1
        del records[:]
        records.extend(kept)
        rest += len(kept)
    if rest:
        result.add(request.SerializeToString(), None)
    return result


def count(signal: str, payload: bytes) -> int:
    """How many records a request has."""
    request = _parsed_envelope(signal, payload)
    return sum(len(records) for _, records in _levels(WIRES[signal], request))


@dataclass(frozen=True, slots=True)
class _Level:
    resources: Any
    scopes: Any


def _parsed_envelope(signal: str, payload: bytes) -> Any:
    request = envelope(signal)()
    try:
        request.ParseFromString(payload)
    except message.DecodeError as error:
        raise BadRequestError(f"not an OTLP {signal} request: {error}") from None
    return request


def _levels(wire: Wire, request: Any) -> Iterator[tuple[_Level, Any]]:
    for resources in getattr(request, wire.resources):
        for scopes in getattr(resources, wire.scopes):
            yield _Level(resources, scopes), getattr(scopes, wire.records)


def _alone(signal: str, level: _Level, raw: bytes) -> bytes:
    """A request with this one record, its resource and its scope."""
    wire = WIRES[signal]
    request = envelope(signal)()
    resources = getattr(request, wire.resources).add()
    scopes = getattr(resources, wire.scopes).add()
    for source, target in ((level.resources, resources), (level.scopes, scopes)):
        for name in ("resource", "scope", "schema_url"):
            if name in target.DESCRIPTOR.fields_by_name and source.HasField(name):
                setattr(target, name, getattr(source, name))
    getattr(scopes, wire.records).append(raw)
    return bytes(request.SerializeToString())


def _examine(signal: str, level: _Level, raw: bytes, result: Sorted) -> None:
    try:
        record: Any = WIRES[signal].record.FromString(raw)
        reason = bad_id(signal, record)
        if reason is None:
            _clean(signal, _alone(signal, level, raw), result)
        else:
            result.rejects.append(Reject(raw, reason))
    except message.DecodeError as error:
        result.rejects.append(Reject(raw, f"not readable: {error}"))


def _clean(signal: str, payload: bytes, result: Sorted) -> None:
    """Keep a record alone in its request, with its whole self beside it if columns need less."""
    request: Any = WIRES[signal].request.FromString(payload)
    changed = drop_unknown(request) | _make_regular(request) | _drop_index_of_body(signal, request)
    result.add(request.SerializeToString(), base64.b64encode(payload).decode() if changed else None)


_IDS: Final = {
    "spans": ("trace_id", "span_id", "parent_span_id"),
    "logs": ("trace_id", "span_id"),
    "metrics": (),
}


def bad_id(signal: str, record: Any) -> str | None:
    """What is wrong with a record's ids; None when nothing is.

    A span's own ids have 16 and 8 bytes and are not all zero; all others may be absent.
    """
    for path, value in _ids(signal, record):
        size = 16 if path.endswith("trace_id") else 8
        required = path in {"trace_id", "span_id"} and signal == "spans"
        if len(value) not in {size, size if required else 0}:
            return f"{path} has {len(value)} bytes, not {size}"
        if required and not any(value):
            return f"{path} is all zeros"
    return None


def _ids(signal: str, record: Any) -> Iterator[tuple[str, bytes]]:
    for name in _IDS[signal]:
        yield name, getattr(record, name)
    for link in record.links if signal == "spans" else ():
        yield "link.trace_id", link.trace_id
        yield "link.span_id", link.span_id


def drop_unknown(request: Any) -> bool:
    """Leave what our protocol files know; tell whether anything went."""
    size = request.ByteSize()
    request.DiscardUnknownFields()
    return bool(request.ByteSize() != size)


def _make_regular(request: message.Message) -> bool:
    """Leave what a map column can hold; tell whether anything went."""
    changes = [_drop_indexes(p) | _drop_repeated(p) for p in _key_value_lists(request)]
    return any(changes)


def _drop_indexes(pairs: Any) -> bool:
    """Indexes into a dictionary that only profiles carry mean nothing here."""
    changed = False
    for pair in pairs:
        if pair.key_strindex or pair.value.WhichOneof("value") == "string_value_strindex":
            pair.ClearField("key_strindex")
            pair.value.ClearField("string_value_strindex")
            changed = True
    return changed


def _drop_index_of_body(signal: str, request: Any) -> bool:
    if signal != "logs":
        return False
    (record,) = request.resource_logs[0].scope_logs[0].log_records
    if record.body.WhichOneof("value") != "string_value_strindex":
        return False
    record.body.ClearField("string_value_strindex")
    return True


def _drop_repeated(pairs: Any) -> bool:
    """Of attributes with the same key keep the last, as an SDK's set_attribute would."""
    last = {pair.key: pair for pair in pairs}
    if len(last) == len(pairs):
        return False
    kept = [type(pair).FromString(pair.SerializeToString()) for pair in last.values()]
    del pairs[:]
    pairs.extend(kept)
    return True


_ATTRIBUTE_LISTS: Final = "opentelemetry.proto.common.v1.KeyValue"


def _key_value_lists(parent: message.Message) -> Iterator[Any]:
    """Every list of attributes below a message, those inside attribute values left out."""
    for descriptor, value in parent.ListFields():
        if descriptor.message_type is None:
            continue
        if descriptor.message_type.full_name == _ATTRIBUTE_LISTS:
            yield value
        else:
            for child in _children(descriptor, value):
                yield from _key_value_lists(child)


def _children(descriptor: FieldDescriptor, value: Any) -> Iterable[message.Message]:
    return value if descriptor.is_repeated else (value,)
