"""Translate between OTLP/JSON text and OTLP protobuf requests.

Driven by the protobuf descriptors, so that a new field of the protocol needs no code here. The
mapping is proto3 JSON with OTLP's differences (OTLP specification, "JSON Protobuf Encoding"): ids
are hex, enums are integers, only lowerCamelCase names count and unknown names are ignored.
"""

import base64
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from spanledger_exporters.decoding.wire import WIRES, Wire
from spanledger_exporters.errors import BadRequestError, TooLargeError
from spanledger_exporters.receiving.intake import Reject
from spanledger_exporters.receiving.json_fields import ID_BYTES, Table, tables

MAX_TOKENS: Final = 4_000_000
"""Objects, arrays and commas in one text. Python needs 100 to 200 bytes for each, so 64 MiB of
`{},{},` would take gigabytes; 64 MiB of real spans have about 2 million (70 in 2.5 KB)."""

MAX_REJECTS: Final = 50_000
"""Bad records in one text. Each takes 5 µs to explain and a dead letter; past this the whole
request is refused (`null,` a million times is 5 MB)."""


def _descriptor(wire: Wire) -> Descriptor:
    return wire.service.message_types_by_name[wire.request.DESCRIPTOR.name]


_RECORDS: Final = frozenset(wire.record.DESCRIPTOR.full_name for wire in WIRES.values())
_TABLES: Final[dict[str, Table]] = {
    name: table
    for wire in WIRES.values()
    for name, table in tables(_descriptor(wire), _RECORDS).items()
}
_WIDE: Final = {
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_SINT64,
    FieldDescriptor.TYPE_SFIXED64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_FIXED64,
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A serialized request, the records that could not be in it, the number of those that are."""

    payload: bytes
    rejects: list[Reject]
    records: int


def parse(signal: str, text: bytes) -> Parsed:
    """OTLP/JSON text of an export request (or TracesData, LogsData, MetricsData) to protobuf.

    A bad span, log record or metric is rejected alone. Raises BadRequestError when the text is no
    JSON, or when the fault is in a resource, a scope or the envelope; TooLargeError when its
    objects would take too much memory.
    """
    tree = _loads(text)
    try:
        try:
            return _parsed(WIRES[signal], tree, one_by_one=False)
        except ValueError:
            # An integer out of range or a lone surrogate somewhere: find whose it is.
            return _parsed(WIRES[signal], tree, one_by_one=True)
    except RecursionError as error:
        raise BadRequestError("the JSON is nested too deep") from error
    except (ValueError, TypeError) as error:
        raise BadRequestError(f"not an OTLP request: {error}") from error


def format(message: Message) -> bytes:  # noqa: A001 # read as otlp_json.format
    """One line of OTLP/JSON, without the newline; what `parse` reads."""
    return json.dumps(_object(message), ensure_ascii=False, separators=(",", ":")).encode()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadRequestError("a JSON object has the same key twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise BadRequestError(f'not JSON: {name} must be written as a string, "{name}"')


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _loads(text: bytes) -> object:
    if sum(map(text.count, (b"{", b"[", b","))) > MAX_TOKENS:
        raise TooLargeError(f"over {MAX_TOKENS:,} JSON values; send smaller batches, or protobuf")
    try:
        tree: object = _DECODER.decode(text.decode())
    except UnicodeDecodeError as error:
        raise BadRequestError(f"the JSON is not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise BadRequestError("the JSON is nested too deep") from error
    except ValueError as error:
        raise BadRequestError(f"not JSON: {error}") from error
    return tree


def _parsed(wire: Wire, tree: object, *, one_by_one: bool) -> Parsed:
    request = _TABLES[wire.request.DESCRIPTOR.full_name].convert(tree)
    rejects: list[Reject] = []
    records = 0
    for scope in _scopes(wire, request):
        kept = list(_kept(wire, scope.get(wire.records), rejects, one_by_one=one_by_one))
        scope[wire.records] = kept
        records += len(kept)
    return Parsed(wire.request(**request).SerializeToString(), rejects, records)


def _scopes(wire: Wire, request: dict[str, object]) -> Iterator[dict[str, object]]:
    """The converted scopes of a converted request: the tables above made them dicts in lists."""
    for resource in cast("list[dict[str, object]]", request.get(wire.resources, [])):
        yield from cast("list[dict[str, object]]", resource.get(wire.scopes, []))


def _kept(
    wire: Wire, records: object, rejects: list[Reject], *, one_by_one: bool
) -> Iterator[dict[str, object]]:
    """The records that convert; with `one_by_one` each must also make a message of its own."""
    table = _TABLES[wire.record.DESCRIPTOR.full_name]
    for record in cast("list[object]", records or []):
        try:
            converted = table.convert(record)
            if one_by_one:
                wire.record(**converted)
        except (ValueError, TypeError, RecursionError) as error:
            if len(rejects) == MAX_REJECTS:
                raise BadRequestError(
                    f"over {MAX_REJECTS:,} bad records, such as: {error}"
                ) from error
            rejects.append(Reject(json.dumps(record).encode(), f"{wire.record.__name__}: {error}"))
        else:
            yield converted


def _object(message: Message) -> dict[str, object]:
    members: dict[str, object] = {}
    for field, value in message.ListFields():
        name, write = _writer(field)
        members[name] = write(value)
    return members


@cache
def _writer(field: FieldDescriptor) -> tuple[str, Callable[[Any], object]]:
    """The JSON name of a field and what makes JSON of its value."""
    one = _single(field)
    return field.json_name, (lambda values: [one(v) for v in values]) if field.is_repeated else one


def _single(field: FieldDescriptor) -> Callable[[Any], object]:
    if field.message_type is not None:
        return _object
    if field.type == FieldDescriptor.TYPE_BYTES:
        return bytes.hex if field.name in ID_BYTES else _base64
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _double
    return str if field.type in _WIDE else _as_is


def _as_is(value: object) -> object:
    return value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
