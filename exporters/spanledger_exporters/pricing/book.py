"""Keep what genai-prices knows where it is quickly read: a file a version in the user's cache.

An entry's prices are US dollars per million tokens, those of one span of time, of hours and of
input tokens; where the source has no price for a part of the tokens (the cache's, reasoning), the
part costs what the rest does.
"""

import contextlib
import json
import logging
import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from platformdirs import user_cache_path

_LOG: Final = logging.getLogger(__name__)
_FORMAT: Final = 1
"""Of the file; changes with what is in it."""

Clause = tuple[str, Any]
"""A word of genai-prices' match logic with its text, or its inner clauses."""


@dataclass(frozen=True, slots=True)
class Price:
    """When and for which calls it holds, and what it is."""

    since_ns: int
    until_ns: int
    from_s: int
    to_s: int
    above_tokens: int
    upto_tokens: int
    input_usd: float
    output_usd: float
    cache_read_usd: float
    cache_write_usd: float
    reasoning_usd: float
    call_usd: float
    """For the call itself, whatever its tokens."""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry: the names it goes by, and its prices, no two of which hold for one call."""

    name: str
    match: Clause
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Provider:
    """Who sells; `fallback` are the others whose models it may sell as well."""

    name: str
    match: Clause | None
    model_match: Clause | None
    fallback: tuple[str, ...]
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Book:
    """All prices of one version of genai-prices."""

    version: str
    providers: tuple[Provider, ...]


@cache
def book() -> Book:
    """The prices of the installed version; empty when it cannot be understood."""
    installed = version("genai-prices")
    path = user_cache_path("spanledger") / f"prices-{_FORMAT}-{installed}.json"
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        return _from_json(installed, json.loads(path.read_text(encoding="utf-8")))
    try:
        # Here, not above: see this package's docstring.
        from spanledger_exporters.pricing.source import providers  # noqa: PLC0415

        found = providers()
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        _LOG.warning(
            "no costs are computed: genai-prices %s is unlike others: %s", installed, error
        )
        return Book(installed, ())
    _keep(path, found)
    return _from_json(installed, found)


def _keep(path: Path, found: list[dict[str, Any]]) -> None:
    """Best effort: without a file it is all read again by the next process."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
        temporary.replace(path)


def _from_json(installed: str, found: list[dict[str, Any]]) -> Book:
    return Book(installed, tuple(map(_provider, found)))


def _provider(found: dict[str, Any]) -> Provider:
    models = tuple(
        Model(name, match, tuple(Price(*price) for price in prices))
        for name, match, prices in found["models"]
    )
    return Provider(
        found["name"], found["match"], found["model_match"], tuple(found["fallback"]), models
    )
