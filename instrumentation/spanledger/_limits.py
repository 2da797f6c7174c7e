"""Tell what a model provider says about its rate limits.

Headers: RFC 9110 section 10.2.3 (Retry-After), `x-ratelimit-*` as OpenAI writes them,
`anthropic-ratelimit-*` as Anthropic does.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from opentelemetry._logs import SeverityNumber

from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._text import plain

_REFUSED: Final = frozenset({429, 529})
_HEADER: Final = re.compile(
    r"x-ratelimit-(?P<what>limit|remaining|reset)-(?P<kind>[a-z-]+)"
    r"|anthropic-ratelimit-(?P<kind_2>[a-z-]+)-(?P<what_2>limit|remaining|reset)"
)
_MAX_HEADERS: Final = 1000
_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a provider says: whether it refused, when to come back, what is left."""

    refused: bool = False
    retry_after_s: float | None = None
    kind: str | None = None
    """The limit that is nearest; `limit`, `remaining` and `reset` are its."""
    limit: int | None = None
    remaining: int | None = None
    reset: str | None = None


def rate_limited(answer: object, status: int | None = None) -> RateLimit:
    """Tell of a provider's rate limits, if it says anything about them, and give them back.

    Args:
        answer: A response or an error of an HTTP or provider's library, or the headers alone.
        status: The HTTP status, where `answer` does not know it.
    """
    found = RateLimit()
    with guarded("reading rate limits"):
        code = status if status is not None else _status(answer)
        found = _read(_headers(answer), code)
        if found != RateLimit():
            _tell(found, code)
    return found


def _tell(found: RateLimit, code: int | None) -> None:
    emit(
        a.RATE_LIMIT,
        {
            a.HTTP_STATUS: code,
            a.RATE_LIMIT_RETRY_AFTER: found.retry_after_s,
            a.RATE_LIMIT_KIND: found.kind,
            a.RATE_LIMIT_LIMIT: found.limit,
            a.RATE_LIMIT_REMAINING: found.remaining,
            a.RATE_LIMIT_RESET: found.reset,
        },
        severity=SeverityNumber.WARN if found.refused else SeverityNumber.INFO,
    )


def _status(answer: object) -> int | None:
    """`status_code` of requests, httpx and the providers' errors, `status` of aiohttp, `code`."""
    for name in ("status_code", "status", "code"):
        code = getattr(answer, name, None)
        if isinstance(code, int):
            return code
    return None


def _headers(answer: object) -> dict[str, str]:
    """The headers of a response, of an error's response, or as given; names in lower case."""
    found = answer
    if not isinstance(answer, Mapping):
        found = getattr(getattr(answer, "response", answer), "headers", None)
    items: Callable[[], Iterable[tuple[object, object]]] | None = getattr(found, "items", None)
    pairs = items() if items is not None else ()
    return {plain(name).lower(): plain(value) for name, value in list(pairs)[:_MAX_HEADERS]}


def _read(headers: Mapping[str, str], code: int | None) -> RateLimit:
    limits: dict[str, dict[str, str]] = {}
    for name, value in headers.items():
        match = _HEADER.fullmatch(name)
        if match:
            kind, what = match["kind"] or match["kind_2"], match["what"] or match["what_2"]
            limits.setdefault(kind, {})[what] = value
    kind = min(limits, key=lambda kind: _share(limits[kind]), default=None)
    nearest = limits[kind] if kind is not None else {}
    return RateLimit(
        code in _REFUSED,
        _retry_after(headers),
        kind,
        _whole(nearest.get("limit")),
        _whole(nearest.get("remaining")),
        nearest.get("reset"),
    )


def _share(limit: Mapping[str, str]) -> float:
    """Which part of a limit is left, from 0 to 1."""
    allowed, left = _whole(limit.get("limit")), _whole(limit.get("remaining"))
    return 1.0 if left is None else left / max(allowed or left, 1)


def _whole(text: str | None) -> int | None:
    return int(float(text)) if text is not None and _NUMBER.fullmatch(text) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    exact, text = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    if _NUMBER.fullmatch(exact):
        return float(exact) / 1000
    if _NUMBER.fullmatch(text):
        return float(text)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - it takes sockets with it, 20 ms

    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
