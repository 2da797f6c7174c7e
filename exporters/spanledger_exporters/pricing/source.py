"""Turn genai-prices' data into what is kept of it. Importing this module imports genai-prices.

Prices that depend on the date, the hour or the number of input tokens become one entry for each
span in which they stay the same; genai-prices itself says which holds in it. A request's service
tier (batch, flex, priority) is not in it: these are the standard prices.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import (
    ClauseAnd,
    ClauseOr,
    ClauseRegex,
    ConditionalPrice,
    MatchLogic,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

_DAY_S: Final = 86_400
_FOREVER: Final = 2**63 - 1
_NS: Final = 1_000_000_000
_PARTS: Final = (
    "input_mtok",
    "output_mtok",
    "cache_read_mtok",
    "cache_write_mtok",
    "output_reasoning_mtok",
)


def providers() -> list[dict[str, Any]]:
    """All of it, as JSON knows it; a model without a price for tokens has none."""
    return [_provider(provider) for provider in get_snapshot().providers]


def _provider(provider: Provider) -> dict[str, Any]:
    return {
        "name": provider.id,
        "match": provider.provider_match and _clause(provider.provider_match),
        "model_match": provider.model_match and _clause(provider.model_match),
        "fallback": provider.fallback_model_providers or [],
        # One without prices stays: a later one must not be taken for it.
        "models": [
            [model.id, _clause(model.match), list(_prices(model))] for model in provider.models
        ],
    }


def _clause(clause: MatchLogic) -> list[Any]:
    match clause:
        case ClauseRegex():
            return ["regex", clause.regex]
        case ClauseOr():
            return ["or", list(map(_clause, clause.or_))]
        case ClauseAnd():
            return ["and", list(map(_clause, clause.and_))]
        case _:
            ((word, text),) = vars(clause).items()
            return [word, text.lower()]


def _prices(model: ModelInfo) -> Iterator[list[float]]:
    conditional = [] if isinstance(model.prices, ModelPrice) else model.prices
    for since_s, until_s in _spans([0, *_days(conditional)], _FOREVER // _NS):
        for from_s, to_s in _spans([0, *_hours(conditional)], _DAY_S):
            at = datetime.fromtimestamp(since_s + from_s, UTC)
            for price in _brackets(model.get_prices(at)):
                yield [since_s * _NS, until_s * _NS, from_s, to_s, *price]


def _spans(starts: list[int], end: int) -> Iterator[tuple[int, int]]:
    return zip(starts, [*starts[1:], end], strict=True)


def _days(conditional: list[ConditionalPrice]) -> list[int]:
    """The seconds since 1970 at which a price begins."""
    starts = (price.constraint for price in conditional)
    days = {start.start_date for start in starts if isinstance(start, StartDateConstraint)}
    return sorted(int(datetime.combine(day, time(), UTC).timestamp()) for day in days)


def _hours(conditional: list[ConditionalPrice]) -> list[int]:
    """The seconds of the day at which a price begins or ends."""
    found: set[int] = set()
    for price in conditional:
        if isinstance(price.constraint, TimeOfDateConstraint):
            found |= {_second(price.constraint.start_time), _second(price.constraint.end_time)}
    return sorted(found - {0})


def _second(at: time) -> int:
    moment = datetime.combine(date(1970, 1, 2), at, at.tzinfo or UTC)
    return int(moment.timestamp()) % _DAY_S


def _brackets(price: ModelPrice) -> Iterator[list[float]]:
    """One for each span of input tokens: the whole call costs what its tier does."""
    found = {key: _found(price, key) for key in _PARTS}
    if found["input_mtok"] is None and found["output_mtok"] is None:
        return
    tiers = [value.tiers for value in found.values() if isinstance(value, TieredPrices)]
    starts = sorted({tier.start for each in tiers for tier in each})
    call = _found(price, "requests_kcount")
    for above, upto in _spans([-1, *starts], _FOREVER):
        part = {key: _at(value, above + 1) for key, value in found.items()}
        whole, answer = part["input_mtok"] or 0.0, part["output_mtok"] or 0.0
        yield [
            above,
            upto,
            whole,
            answer,
            _or(part["cache_read_mtok"], whole),
            _or(part["cache_write_mtok"], whole),
            _or(part["output_reasoning_mtok"], answer),
            (_at(call, above + 1) or 0.0) / 1000,
        ]


def _found(price: ModelPrice, key: str) -> Decimal | TieredPrices | None:
    value: Decimal | TieredPrices | None = getattr(price, key)
    return value


def _at(price: Decimal | TieredPrices | None, input_tokens: int) -> float | None:
    if isinstance(price, TieredPrices):
        held = [tier.price for tier in price.tiers if input_tokens > tier.start]
        price = held[-1] if held else price.base
    return None if price is None else float(price)


def _or(price: float | None, other: float) -> float:
    return other if price is None else price
