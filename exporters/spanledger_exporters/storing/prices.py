"""Tell which models a segment's rows name, and write what those cost: the table model_prices."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from functools import lru_cache
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spanledger_exporters.pricing.book import book
from spanledger_exporters.pricing.matching import find
from spanledger_exporters.reading.queries import Statement, macros_sql
from spanledger_exporters.storing.literals import quote

Named = frozenset[tuple[str, str]]
"""Providers and models as records have them; "" for a provider that is not told."""

TABLE: Final = "model_prices"
GIVEN_BY_DIALECTS: Final = frozenset({"", "anthropic", "gcp.gen_ai"})
"""Providers that a call may get from its dialect's SQL, or by being read of another record."""
_COLUMNS: Final = ("provider", "model")
_MOST: Final = 200
"""Of a segment and of a ledger: an emitter that makes up names has no prices for them anyway."""
_LONGEST: Final = 200


def named_in(signal: str, table: pa.Table) -> Named:
    """What a table's rows name; metrics name models for no call."""
    if signal == "metrics":
        return frozenset()
    rows = table.select(_COLUMNS).filter(pc.is_valid(table.column("model")))
    distinct = rows.group_by(list(_COLUMNS)).aggregate([])
    pairs = zip(*(distinct[name].to_pylist() for name in _COLUMNS), strict=True)
    return limited((provider or "", model) for provider, model in pairs)


def named_in_file(signal: str, path: Path) -> Named:
    """What a segment's rows name."""
    columns = [] if signal == "metrics" else list(_COLUMNS)
    return named_in(signal, pq.read_table(path, columns=columns))


def limited(named: Iterable[tuple[str, str]]) -> Named:
    """The first of them in the order of the alphabet."""
    short = {pair for pair in named if max(map(len, pair)) <= _LONGEST}
    return frozenset(sorted(short)[:_MOST])


def to_text(named: Named) -> str:
    """For a segment's footer."""
    return json.dumps(sorted(named))


def from_text(text: bytes) -> Named | None:
    """From a segment's footer; None when there is nothing in it that can be read."""
    try:
        return frozenset((provider, model) for provider, model in json.loads(text))
    except (ValueError, TypeError):
        return None


@lru_cache(8)
def statement(named: Named) -> Statement:
    """Make the table anew. A provider and a model need not be told by the same record."""
    providers = sorted({provider for provider, _ in named} | GIVEN_BY_DIALECTS)
    models = sorted({model for _, model in named})
    found = [row for model in models for provider in providers for row in rows(provider, model)]
    shape = next(macro.text for macro in macros_sql() if macro.name == "prices")
    values = ",\n".join(f"({number}, {row})" for number, row in enumerate(found, 1))
    insert = f"INSERT INTO {TABLE} VALUES\n{values}" if found else ""
    return Statement(TABLE, f"DROP TABLE IF EXISTS {TABLE};\n{shape}\n{insert}")


def rows(provider: str, model: str) -> Iterator[str]:
    """Of the table, as SQL without the id; none for a model that is not known."""
    known = book()
    found = find(known, provider, model)
    if found:
        names = (provider, model, found[0].name, found[1].name, known.version)
        for price in found[1].prices:
            yield ", ".join([*map(quote, names), *map(repr, astuple(price))])
