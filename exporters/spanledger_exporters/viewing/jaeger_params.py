"""Read the query parameters of Jaeger's two HTTP dialects.

v1 (`/api/traces`) has times in unix microseconds and durations as Go writes them; v3 (`/api/v3/`)
has RFC 3339 times and names that begin with `query.`, in camel case or, as Grafana sends them, in
snake case. Everything wrong is a BadRequestError that names the parameter.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.datastructures import QueryParams

from spanledger_exporters.errors import BadRequestError
from spanledger_exporters.viewing.jaeger_search import Search

DEFAULT_LIMIT: Final = 100
_MOST: Final = (1 << 31) - 1
_LATEST_NS: Final = (1 << 63) - 1

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART: Final = re.compile(r"(\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(ns|us|µs|μs|ms|s|m|h)")
_TIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+ -]\d\d:\d\d)"
)
_ID: Final = re.compile(r"[0-9a-fA-F]{1,32}")
_BASE64_ID: Final = 22


def v1_search(query: QueryParams) -> Search:
    """`/api/traces?service&operation&tags&tag&start&end&minDuration&maxDuration&limit`.

    Without `start` and `end` everything is searched (Jaeger would take the last two days).
    """
    search = Search(
        service=query.get("service", ""),
        operation=query.get("operation", ""),
        attributes=tuple(_v1_tags(query).items()),
        start_min_ns=whole(query, "start", 1_000),
        start_max_ns=whole(query, "end", 1_000),
        duration_min_ns=_duration(query, "minDuration"),
        duration_max_ns=_duration(query, "maxDuration"),
        limit=_limit(query, "limit"),
    )
    if 0 < search.duration_max_ns < search.duration_min_ns:
        raise BadRequestError("'maxDuration' should be greater than 'minDuration'")
    return search


def v3_search(query: QueryParams) -> Search:
    """`query.serviceName`, `query.startTimeMin` and so on; both times are required."""
    start, end = _v3_times(query)
    return Search(
        service=_either(query, "query.serviceName")[1],
        operation=_either(query, "query.operationName")[1],
        attributes=tuple(_tags(query.get("query.attributes", ""), "query.attributes").items()),
        start_min_ns=start,
        start_max_ns=end,
        duration_min_ns=_duration(query, _either(query, "query.durationMin")[0]),
        duration_max_ns=_duration(query, _either(query, "query.durationMax")[0]),
        limit=_limit(query, _limit_name(query)),
    )


def trace_id(text: str) -> str:
    """32 hex digits from a trace id: hex without its leading zeros, or base64 of 16 bytes."""
    if _ID.fullmatch(text) and len(text) != _BASE64_ID:
        return text.lower().zfill(32)
    try:
        found = base64.b64decode(text.rstrip("=") + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) == 16:  # noqa: PLR2004 # bytes of a trace id
        return found.hex()
    if _ID.fullmatch(text):
        return text.lower().zfill(32)
    raise BadRequestError(f"{text[:60]!r} is not a trace id: up to 32 hex digits are")


def whole(query: Mapping[str, str], name: str, unit: int) -> int:
    """A number times the unit; 0 when the parameter is missing."""
    text = query.get(name, "")
    if not text:
        return 0
    try:
        return max(0, min(_LATEST_NS, int(text) * unit))
    except ValueError:
        raise _malformed(name, text, "a whole number") from None


def span_kind(query: QueryParams) -> str:
    """The parameter `spanKind` of both dialects."""
    return _either(query, "spanKind")[1]


def _limit_name(query: QueryParams) -> str:
    name, text = _either(query, "query.searchDepth")
    return name if text else "query.num_traces"


def _limit(query: QueryParams, name: str) -> int:
    limit = whole(query, name, 1)
    return min(limit, _MOST) or DEFAULT_LIMIT


def _either(query: QueryParams, name: str) -> tuple[str, str]:
    """The name under which it was sent, and its value; snake case where camel case is missing."""
    snake = re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f"_{capital[0].lower()}", name)
    return (name, query[name]) if query.get(name) else (snake, query.get(snake, ""))


def _v3_times(query: QueryParams) -> tuple[int, int]:
    found = [_either(query, f"query.startTime{end}") for end in ("Min", "Max")]
    if not all(text for _, text in found):
        raise BadRequestError("query.startTimeMin and query.startTimeMax are required")
    start, end = (_time(name, text) for name, text in found)
    if start >= end:
        raise BadRequestError("query.startTimeMin must be before query.startTimeMax")
    return start, end


def _time(name: str, text: str) -> int:
    """RFC 3339 with nanoseconds. A zone's plus that was not escaped has become a space."""
    wrong = _malformed(name, text, "a time like 2026-11-21T09:00:00Z")
    found = _TIME.fullmatch(text)
    if found is None:
        raise wrong
    zone = found[4].upper().replace(" ", "+")
    try:
        seconds = datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").timestamp()
    except ValueError:
        raise wrong from None
    nanos = int((found[3] or "").ljust(9, "0"))
    return max(0, min(_LATEST_NS, int(seconds) * 1_000_000_000 + nanos))


def _duration(query: QueryParams, name: str) -> int:
    """Nanoseconds of a duration as Go writes it: 1.5s, 100ms, 1h2m."""
    text = query.get(name, "")
    parts = list(_PART.finditer(text))
    if "".join(part[0] for part in parts) != text.removeprefix("+") and text != "0":
        raise _malformed(name, text, "a duration like 1.5s or 100ms")
    return min(_LATEST_NS, int(sum(float(part[1]) * _UNITS_NS[part[2]] for part in parts)))


def _v1_tags(query: QueryParams) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in query.getlist("tag"):
        key, colon, value = tag.partition(":")
        if not colon:
            raise _malformed("tag", tag, "key:value")
        tags[key] = value
    for text in query.getlist("tags"):
        tags |= _tags(text, "tags")
    return tags


def _tags(text: str, name: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        tags = json.loads(text)
    except ValueError:
        raise _malformed(name, text, "a JSON object of strings") from None
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise _malformed(name, text, "a JSON object of strings")
    return {str(key): str(value) for key, value in tags.items()}


def _malformed(name: str, text: str, wanted: str) -> BadRequestError:
    return BadRequestError(f"malformed parameter {name}: {text[:60]!r} is not {wanted}")
