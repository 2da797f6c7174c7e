"""Mask secrets in rows before they are written, and count what was masked."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from spanledger.redaction import masked, redact

_MARK: Final = re.compile(r"\[redacted:([\w-]+)\]")


@dataclass(slots=True)
class Masker:
    """Masks when it is asked to; counts by rule."""

    is_on: bool
    found: Counter[str] = field(default_factory=Counter[str])

    def row(self, row: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """The row without secrets, and how many there were."""
        if not self.is_on:
            return row, 0
        before = self.found.total()
        return {key: self._value(key, value) for key, value in row.items()}, (
            self.found.total() - before
        )

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            hidden = _arguments(value) if key == "arguments" else _text(value)
            if hidden is not value:
                self.found.update(_MARK.findall(hidden))
                self.found.subtract(_MARK.findall(value))
            return hidden
        if isinstance(value, Mapping):
            if key == "arguments":
                return self._counted(value)
            return {name: self._value(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(key, item) for item in value]
        return value

    def _counted(self, value: Mapping[str, Any]) -> Any:
        hidden = masked(value)
        self.found.update(_MARK.findall(json.dumps(hidden)))
        return hidden


# A history comes again with every call of its session.
@lru_cache(4096)
def _text(text: str) -> str:
    return redact(text)


@lru_cache(4096)
def _arguments(text: str) -> str:
    """By the arguments' names, too."""
    try:
        value = json.loads(text)
    except ValueError:
        return redact(text)
    hidden = masked(value)
    return text if hidden == value else json.dumps(hidden, ensure_ascii=False)
