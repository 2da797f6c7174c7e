"""Make anything an agent hands over safe to send, and hold back what is not to be told.

The variables are read again every 0.2 s: an agent may set them after the import.
"""

import functools
import itertools
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from opentelemetry.util.types import AnyValue

_OFF: Final = frozenset({"0", "false", "off", "no", "none"})
_ON: Final = frozenset({"1", "true", "on", "yes", "all"})
_FRESH_S: Final = 0.2
_MAX_CONTENT: Final = 8192
_LEAST: Final = 64
_DIGITS: Final = 9
_MAX_TITLE: Final = 500
# Deeper or longer values end in a word: nothing an agent sends may fill its memory twice.
_MAX_DEPTH: Final = 8
_MAX_ITEMS: Final = 1000
_INT64: Final = 1 << 63


class Cut(str):
    """A text that was cut, so that its record can say which of its keys were."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Settings:
    """What the variables say."""

    disabled: bool
    tells_content: bool
    tells_titles: bool
    max_content: int
    until: float
    """On the monotonic clock, after which they are read again."""


def _read() -> _Settings:
    def word(name: str) -> str:
        return os.environ.get(f"SPANLEDGER_{name}", "").strip().lower()

    off, told, limit = _OFF | {""}, word("CAPTURE_CONTENT"), word("MAX_CONTENT")
    return _Settings(
        disabled=word("DISABLED") not in off or word("NO_RECORDING") not in off,
        tells_content=told in _ON,
        tells_titles=told not in _OFF,
        max_content=max(_LEAST, int(limit[:_DIGITS])) if limit.isdecimal() else _MAX_CONTENT,
        until=time.monotonic() + _FRESH_S,
    )


class _Known:
    """The settings, read again now and then: asking os.environ costs more than sending an id."""

    settings = _read()
    forced: bool | None = None
    """Whether texts are told whatever the variable says."""

    def now(self) -> _Settings:
        if time.monotonic() > self.settings.until:
            self.reread()
        return self.settings

    def reread(self) -> None:
        read = _read()
        if self.forced is not None:
            read = replace(read, tells_content=self.forced, tells_titles=True)
        self.settings = read


_KNOWN: Final = _Known()


def force_content(*, forced: bool | None) -> None:
    """Tell texts, or only titles, whatever the variable says; None goes back to it."""
    _KNOWN.forced = forced
    _KNOWN.reread()


def reread_settings() -> None:
    """Take a changed variable at once."""
    _KNOWN.reread()


def disabled() -> bool:
    """Whether nothing is to be told: SPANLEDGER_DISABLED or SPANLEDGER_NO_RECORDING is set."""
    return _KNOWN.now().disabled


def tells_content() -> bool:
    """Whether texts are told, not only titles and statuses."""
    return _KNOWN.now().tells_content


def tells_titles() -> bool:
    """Whether titles are told; they are, unless the variable is off."""
    return _KNOWN.now().tells_titles


def max_content() -> int:
    """Characters of the longest text that is told: SPANLEDGER_MAX_CONTENT, at least 64."""
    return _KNOWN.now().max_content


def content(value: object) -> str | None:
    """A free text as it may be told: None unless content is on; masked, and cut if it is long."""
    return None if value is None or not tells_content() else shortened(plain(value))


def title(value: object) -> str | None:
    """A title as it may be told: None if even titles are off; masked, and cut if it is long."""
    if value is None or not tells_titles():
        return None
    text = plain(value)
    return _title(text) if len(text) <= _MAX_TITLE else shortened(text, _MAX_TITLE)


@functools.lru_cache(maxsize=1024)
def _title(text: str) -> str:
    """Titles are told again with every change of a step."""
    return shortened(text, _MAX_TITLE)


def shortened(text: str, limit: int | None = None) -> str:
    """A text without secrets, or its two ends with a word about what is missing between them."""
    from spanledger.redaction import redact  # noqa: PLC0415 - its rules are compiled when needed

    limit = max_content() if limit is None else limit
    # What is cut out anyway is not searched; a secret is whole wherever an end of it is told.
    missing = max(0, len(text) - 4 * limit)
    text = redact(text[: 2 * limit] + text[-2 * limit :] if missing else text)
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    missing += len(text) - limit
    return Cut(f"{text[:head]}…[{missing} characters cut]…{text[-tail:]}")


def plain(value: object) -> str:
    """Any value as text that UTF-8 can hold; an object whose str() fails is named by its class."""
    if not isinstance(value, str):
        try:
            value = str(value)
        except Exception:  # noqa: BLE001 - a stranger's __str__ may raise anything
            value = f"<{class_name(value)}>"
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")


def clean(value: object, depth: int = 0) -> AnyValue:
    """A value OTLP can carry: whole numbers over 64 bits and unknown objects become texts.

    Never raises, whatever the value's own methods do.
    """
    if isinstance(value, str):
        return _utf8(value)
    if value is None or isinstance(value, bool | float | bytes):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else f"{value:#x}"
    return _clean_many(value, depth)


def _clean_many(value: object, depth: int) -> AnyValue:
    if depth >= _MAX_DEPTH:
        return "…"
    try:
        if isinstance(value, Mapping):
            items = itertools.islice(value.items(), _MAX_ITEMS)
            return {plain(key) or "_": clean(item, depth + 1) for key, item in items}
        if isinstance(value, Sequence):
            return [clean(item, depth + 1) for item in itertools.islice(value, _MAX_ITEMS)]
    except Exception:  # noqa: BLE001 - a stranger's container may raise anything
        return f"<{class_name(value)}>"
    return plain(value)


def _utf8(text: str) -> str:
    if text.isascii():
        return text
    safe = plain(text)
    return Cut(safe) if isinstance(text, Cut) else safe


def class_name(value: object) -> str:
    """A value's class as error.type names it: `ValueError`, `httpx.ConnectError`."""
    kind = type(value)
    module = kind.__module__
    return kind.__qualname__ if module == "builtins" else f"{module}.{kind.__qualname__}"
