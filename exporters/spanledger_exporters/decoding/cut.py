"""Read JSON, and of JSON that a length limit cut what is still whole."""

import json
import re
from typing import Final

from spanledger_exporters.decoding.values import Json

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def loads(text: str | None) -> Json:
    """The JSON value, or what can be read of one that a length limit cut; None for other text."""
    if not text or text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return _parsed(text)
    except (ValueError, RecursionError):
        pass
    try:
        return _parsed(_closed(text))
    except (ValueError, RecursionError):
        return None


def _parsed(text: str) -> Json:
    value: Json = json.loads(text)
    return value


def _closed(text: str) -> str:
    """The text up to its last whole value, with what is open there closed."""
    closers: list[str] = []
    end, rest = 0, ""
    for match in _TOKEN.finditer(text):
        found = match[0]
        if found in "{[":
            closers.append("}" if found == "{" else "]")
        elif found in "}]" and closers:
            closers.pop()
            end, rest = match.end(), "".join(reversed(closers))
        elif found == "," and closers:
            end, rest = match.start(), "".join(reversed(closers))
    return text[:end] + rest
