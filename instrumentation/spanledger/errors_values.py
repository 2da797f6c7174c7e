"""Show a frame's variables without ever running code of theirs.

Only values of exactly these types are walked: text, numbers, bytes, dates, paths and the standard
containers. Anything else, subclasses too, is named by its class: their `__repr__`, properties and
`__iter__` could do anything, for any length of time.
"""

import datetime as dt
import decimal
import fractions
import pathlib
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any, Final

from spanledger.redaction import is_secret_name, redact

_PRINTED: Final = frozenset(
    (complex, decimal.Decimal, fractions.Fraction, uuid.UUID, dt.datetime, dt.date, dt.time,
     dt.timedelta, dt.timezone, range, pathlib.PosixPath, pathlib.PurePosixPath,
     pathlib.WindowsPath, pathlib.PureWindowsPath)
)  # fmt: skip
_CODE: Final = frozenset((ModuleType, FunctionType, BuiltinFunctionType, type))
"""What a module's frame is full of."""
_MAX_DEPTH: Final = 4
_MAX_ITEMS: Final = 20
_MAX_TEXT: Final = 200
_MAX_LOCALS: Final = 40
_INT64: Final = 1 << 63


@dataclass(slots=True)
class Budget:
    """How many more values may be shown, over all frames."""

    left: int = 500

    def spend(self) -> bool:
        """Take one, if there is one."""
        self.left -= 1
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Which variables are shown, by name; nothing is shown that is in `deny`."""

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()
    has_values: bool = True
    """Else only the types are shown."""

    def shows(self, name: str) -> bool:
        """Whether a variable of this name is shown at all."""
        return name not in self.deny and (self.allow is None or name in self.allow)


def locals_of(frame: FrameType, choice: Choice, budget: Budget) -> dict[str, object]:
    """A frame's variables as JSON values; the arguments come first, as in the frame."""
    shown: dict[str, object] = {}
    found = frame.f_locals
    for name in _names(frame.f_code, found):
        if len(shown) == _MAX_LOCALS:
            shown["…"] = f"{len(found) - _MAX_LOCALS} more"
            break
        if choice.shows(name) and type(found[name]) not in _CODE:
            shown[name] = _variable(name, found[name], choice, budget)
    return shown


def _names(code: CodeType, found: Mapping[str, Any]) -> list[str]:
    first = [name for name in code.co_varnames if name in found]
    rest = (name for name in found if name not in first and not name.startswith("__"))
    return [*first, *rest]


def _variable(name: str, value: object, choice: Choice, budget: Budget) -> object:
    if not choice.has_values:
        return class_of(value)
    if value is not None and is_secret_name(name):
        return "[redacted:name]"
    return shown(value, budget)


def shown(value: object, budget: Budget, depth: int = 0) -> object:
    """A value as JSON: cut in depth, breadth and length, its secrets masked."""
    made = type(value)
    if not budget.spend():
        return "…"
    if value is None or made is bool or made is float:
        return value
    show = _SIMPLE.get(made)
    return _container(value, budget, depth) if show is None else show(value)


def _printed(value: object) -> str:
    return _short(redact(str(value)[: 4 * _MAX_TEXT]))


def _container(value: object, budget: Budget, depth: int) -> object:
    made = type(value)
    if made is dict:
        return _dict(value, budget, depth)
    if made in (list, tuple, set, frozenset, deque):
        return _list(value, budget, depth)
    return class_of(value)


def _dict(value: Any, budget: Budget, depth: int) -> object:
    if depth >= _MAX_DEPTH:
        return f"<dict of {len(value)}>"
    shown_items: dict[str, object] = {}
    for number, (key, item) in enumerate(list(value.items())[: _MAX_ITEMS + 1]):
        if number == _MAX_ITEMS:
            shown_items["…"] = f"{len(value) - _MAX_ITEMS} more"
            break
        name = key if type(key) is str else str(shown(key, budget, depth + 1))
        is_hidden = item is not None and is_secret_name(name)
        hidden = "[redacted:name]"
        shown_items[_short(redact(name))] = hidden if is_hidden else shown(item, budget, depth + 1)
    return shown_items


def _list(value: Any, budget: Budget, depth: int) -> object:
    if depth >= _MAX_DEPTH:
        return f"<{type(value).__name__} of {len(value)}>"
    first = [item for item, _ in zip(value, range(_MAX_ITEMS), strict=False)]
    items = [shown(item, budget, depth + 1) for item in first]
    return items if len(value) <= _MAX_ITEMS else [*items, f"… {len(value) - _MAX_ITEMS} more"]


def _number(value: Any) -> object:
    return value if -_INT64 <= value < _INT64 else f"<int of {value.bit_length()} bits>"


def _bytes(value: Any) -> str:
    head = bytes(value[:_MAX_TEXT]).decode("ascii", "backslashreplace")
    return _short(f"<{len(value)} bytes> {redact(head)}")


def _text(value: Any) -> str:
    # Masked before it is cut: half a secret is not known for one. But not all of a book.
    return _short(redact(value[: 20 * _MAX_TEXT]), len(value))


def _short(text: str, length: int | None = None) -> str:
    whole = len(text) if length is None else max(length, len(text))
    safe = text.encode("utf-8", "replace").decode("utf-8")
    return safe if whole <= _MAX_TEXT else f"{safe[:_MAX_TEXT]}… ({whole} characters)"


_SIMPLE: Final[dict[type, Callable[[Any], object]]] = {
    **dict.fromkeys(_PRINTED, _printed),
    str: _text,
    int: _number,
    bytes: _bytes,
    bytearray: _bytes,
}


def class_of(value: object) -> str:
    """`<module.Class>`; nothing of the value's is run."""
    return f"<{type_name(type(value))}>"


def type_name(made: type) -> str:
    """`module.Class`, asked of `type` itself: a metaclass may answer with anything."""
    module = type.__dict__["__module__"].__get__(made)
    name = str(type.__dict__["__qualname__"].__get__(made))
    return name if module == "builtins" else f"{module}.{name}"
