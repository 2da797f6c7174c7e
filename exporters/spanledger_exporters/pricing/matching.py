"""Find the entry of the price book that a provider's model falls under, as genai-prices does.

The names are the emitters': `openai`, `aws.bedrock`, `openai.responses`; none is the same as "".
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from spanledger_exporters.pricing.book import Book, Clause, Model, Provider

_MEANT: Final = {"gcp.gen_ai": "google", "x_ai": "x-ai", "azure.ai.inference": "azure"}
"""OpenTelemetry's names for providers that genai-prices does not know by them."""
_COMPACT_DATE: Final = re.compile(r"-(20\d\d)(\d\d)(\d\d)(?=-|:|$)")

_WORDS: Final[dict[str, Callable[[str, str], bool]]] = {
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
    "equals": str.__eq__,
    "regex": lambda text, pattern: re.search(pattern, text) is not None,
}


def find(book: Book, provider: str, model: str) -> tuple[Provider, Model] | None:
    """The entry; None when the provider is not known, or does not sell such a model.

    Without a provider the model's name must tell it (`claude-…`, `gpt-…`).
    """
    name = model.lower()
    seller = _by_name(book, provider.lower().strip()) if provider else _by_model(book, name)
    found = seller and (_sold(book, seller, name) or _sold(book, seller, _dashed(name)))
    return (seller, found) if seller and found else None


def _by_name(book: Book, name: str) -> Provider | None:
    name = _MEANT.get(name, name)
    exact = (seller for seller in book.providers if seller.name == name)
    alike = (seller for seller in book.providers if seller.match and _holds(seller.match, name))
    return next(exact, None) or next(alike, None)


def _by_model(book: Book, name: str) -> Provider | None:
    told = (s for s in book.providers if s.model_match and _holds(s.model_match, name))
    return next(told, None)


def _sold(book: Book, seller: Provider, name: str) -> Model | None:
    sellers = {each.name: each for each in book.providers}
    for each in (seller, *(sellers[other] for other in seller.fallback if other in sellers)):
        for model in each.models:
            if _holds(model.match, name):
                return model
    return None


def _holds(clause: Clause, text: str) -> bool:
    word, rest = clause
    if word == "or":
        return any(_holds(inner, text) for inner in rest)
    if word == "and":
        return all(_holds(inner, text) for inner in rest)
    return _WORDS[word](text, rest)


def _dashed(name: str) -> str:
    """`-20251211` as `-2025-12-11`: routers write dates so."""

    def dashed(found: re.Match[str]) -> str:
        try:
            return f"-{date(*map(int, found.groups()))}"
        except ValueError:
            return found[0]

    return _COMPACT_DATE.sub(dashed, name)
