"""Convert the fields of OTLP/JSON objects to what protobuf constructors take.

Tables are made from the descriptors once, at import. Every converter raises ValueError or TypeError
with a reason; whether an integer fits its field is left to the constructor.
"""

import base64
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor

Converter = Callable[[object], object]

ID_BYTES: Final = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
"""The bytes fields that are hex in OTLP/JSON, wherever they occur; all others are base64."""

NON_FINITE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

_INTEGER: Final = re.compile(r"-?[0-9]{1,20}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,4})?")
_SHOWN: Final = 60
_URL_SAFE: Final = str.maketrans("-_", "+/")


@dataclass(slots=True)
class Table:
    """How the JSON object of one message becomes constructor arguments.

    `fields` maps a JSON name to the field's name and converter; `oneofs` are groups of field names
    of which only one may be set.
    """

    fields: dict[str, tuple[str, Converter]] = field(default_factory=dict)
    oneofs: tuple[frozenset[str], ...] = ()

    def convert(self, value: object) -> dict[str, object]:
        """The arguments. A null counts as absent, an unknown name is ignored."""
        if not isinstance(value, dict):
            raise TypeError(f"an object was expected, not {_shown(value)}")
        fields = self.fields
        members: dict[str, object] = {}
        name = ""
        try:
            for name, member in value.items():
                if member is not None and (known := fields.get(name)) is not None:
                    members[known[0]] = known[1](member)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{name}: {error}") from error
        if len(members) > 1 and self.oneofs:
            self._check_oneofs(members)
        return members

    def _check_oneofs(self, members: dict[str, object]) -> None:
        for group in self.oneofs:
            if len(both := members.keys() & group) > 1:
                raise ValueError(f"only one of {', '.join(sorted(both))} may be set")


def tables(root: Descriptor, opaque: frozenset[str]) -> dict[str, Table]:
    """The tables of a message and of all below it, by full name.

    Messages named in `opaque` are passed on as they are by the tables above them.
    """
    made: dict[str, Table] = {}
    _make(root, opaque, made)
    return made


def _make(descriptor: Descriptor, opaque: frozenset[str], made: dict[str, Table]) -> Table:
    # AnyValue is recursive: the table is known before its fields are.
    table = made[descriptor.full_name] = Table()
    for member in descriptor.fields:
        convert = _converter(member, opaque, made)
        table.fields[member.json_name] = (
            member.name,
            _repeated(convert) if member.is_repeated else convert,
        )
    groups = (frozenset(member.name for member in group.fields) for group in descriptor.oneofs)
    table.oneofs = tuple(group for group in groups if len(group) > 1)
    return table


def _converter(
    member: FieldDescriptor, opaque: frozenset[str], made: dict[str, Table]
) -> Converter:
    if (below := member.message_type) is None:
        return _scalar(member)
    table = made.get(below.full_name) or _make(below, opaque, made)
    return _as_is if below.full_name in opaque else table.convert


def _scalar(member: FieldDescriptor) -> Converter:
    if member.type == FieldDescriptor.TYPE_BYTES and member.name in ID_BYTES:
        return _hex(ID_BYTES[member.name])
    return {
        FieldDescriptor.TYPE_STRING: _string,
        FieldDescriptor.TYPE_BYTES: _base64,
        FieldDescriptor.TYPE_BOOL: _boolean,
        FieldDescriptor.TYPE_ENUM: _enum,
        FieldDescriptor.TYPE_DOUBLE: _double,
        FieldDescriptor.TYPE_FLOAT: _double,
    }.get(member.type, _integer)


def _repeated(convert: Converter) -> Converter:
    def convert_all(value: object) -> list[object]:
        if not isinstance(value, list):
            raise TypeError(f"an array was expected, not {_shown(value)}")
        return [convert(member) for member in value]

    return convert_all


def _as_is(value: object) -> object:
    return value


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {_shown(value)}")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"true or false was expected, not {_shown(value)}")
    return value


def _enum(value: object) -> int:
    """Only an integer (OTLP forbids the names); one without a name is kept."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"an enum's integer was expected, not {_shown(value)}")
    return value


def _integer(value: object) -> int:
    """A JSON number without a fraction, 1e3 too, or a decimal string."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(f"an integer was expected, not {_shown(value)}")


def _double(value: object) -> float:
    if isinstance(value, str):
        return NON_FINITE[value] if value in NON_FINITE else _finite(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value)
    raise TypeError(f"a number was expected, not {_shown(value)}")


def _finite(value: str | float) -> float:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise ValueError(f"a number was expected, not {_shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("the number does not fit a double")
    return number


def _base64(value: object) -> bytes:
    """Standard or URL-safe alphabet, padded or not, as proto3 JSON asks of readers."""
    text = _string(value).rstrip("=").translate(_URL_SAFE)
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _hex(size: int) -> Converter:
    """Either case. Empty is taken here: which records need an id is decided after decoding."""

    def convert(value: object) -> bytes:
        text = _string(value)
        # bytes.fromhex skips spaces, which the second length would show.
        if len(text) not in (0, 2 * size) or 2 * len(found := bytes.fromhex(text)) != len(text):
            raise ValueError(f"{2 * size} hex digits were expected, not {_shown(value)}")
        return found

    return convert


def _shown(value: object) -> str:
    """A value in a reason, short."""
    scalar = value is None or isinstance(value, str | int | float)
    text = repr(value) if scalar else type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
