"""Mask secrets in texts, and in values by the names they are kept under, before they are told.

Rules look for fixed words first, so that a text without secrets costs a hundred of the fastest
searches there are, most of them in its long words alone, and no pattern is tried anywhere else.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from spanledger.redaction_rules import RULES, Rule, Shaped, Text

__all__ = ["add_rule", "is_secret_name", "masked", "redact", "redaction_rules"]

_SECRET_NAME: Final = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)|pwd|secret|credential|authorization|cookie|dsn"
    r"|(?:^|[_\-.])(?:auth|pin|otp|cvv|ssn)$|tokens?$|token[_\-]?value"
    r"|(?:api|access|private|secret|auth|account|encryption|signing|master|ssh)[_\-]?keys?)"
)
# Counts of a model's tokens are not secrets, and are what people look for.
_HARMLESS_NAME: Final = re.compile(
    r"(?i)(?:max|min|input|output|total|prompt|completion|cached?|reasoning|num|n|count|usage)"
    r"(?:[_\-]\w+)?[_\-]?tokens?$"
)
_MAX_DEPTH: Final = 32
_ADDED: Final[list[Shaped]] = []


@dataclass(frozen=True, slots=True)
class _Names:
    """Names the user wants hidden or shown, whatever the rules think of them."""

    hidden: frozenset[str]
    shown: frozenset[str]


def redact(text: str) -> str:
    """The text with each secret replaced by `[redacted:RULE]`, which is not taken for a secret."""
    seen = Text.of(text)
    found = [
        (*span, number, rule.name)
        for number, rule in enumerate(redaction_rules())
        if seen.words or not rule.is_word  # most titles have no word as long as a token
        for span in rule.find(seen)
    ]
    return _replaced(text, sorted(found)) if found else text


def _replaced(text: str, found: list[tuple[int, int, int, str]]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, _, name in found:
        if start >= done and end > start:
            parts += (text[done:start], f"[redacted:{name}]")
            done = end
    return "".join((*parts, text[done:]))


def redaction_rules() -> tuple[Rule, ...]:
    """Ours and the added ones, in the order in which they count."""
    return (*RULES, *_ADDED)


def add_rule(name: str, pattern: str) -> None:
    """Mask what a regular expression finds, too."""
    _ADDED.append(Shaped(name, (), re.compile(f"(?P<secret>{pattern})")))


def is_secret_name(name: str) -> bool:
    """Whether a variable, key or field of this name is likely to hold a secret.

    SPANLEDGER_REDACT_NAMES and SPANLEDGER_SHOW_NAMES (lists with commas) decide first.
    """
    names = _names(
        os.environ.get("SPANLEDGER_REDACT_NAMES", ""), os.environ.get("SPANLEDGER_SHOW_NAMES", "")
    )
    folded = name.lower()
    if folded in names.hidden or folded in names.shown:
        return folded in names.hidden
    return _looks_secret(name)


def masked(value: object, depth: int = 0) -> object:
    """A JSON-like value with its secrets masked, by name and by content; a copy."""
    if isinstance(value, str):
        return redact(value)
    if depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {key: _masked_item(key, item, depth) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray):
        return [masked(item, depth + 1) for item in value]
    return value


def _masked_item(key: object, item: object, depth: int) -> object:
    if isinstance(key, str) and item is not None and is_secret_name(key):
        return "[redacted:name]"
    return masked(item, depth + 1)


@cache
def _names(hidden: str, shown: str) -> _Names:
    return _Names(_listed(hidden), _listed(shown))


def _listed(text: str) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in text.split(",") if name.strip())


@lru_cache(maxsize=4096)
def _looks_secret(name: str) -> bool:
    short = name[:200]
    return bool(_SECRET_NAME.search(short)) and not _HARMLESS_NAME.search(short)
