"""Tell which dialects' records a segment has, so that views are made of no others' SQL."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from spanledger_exporters.reading.queries import dialects_sql, macros_sql
from spanledger_exporters.storing import engine
from spanledger_exporters.storing.literals import quote, without_patterns

SPOKEN: Final = frozenset({"spans", "logs"})
"""The signals that have dialects."""


def found_in(signal: str, table: pa.Table) -> frozenset[str]:
    """The dialects of a table's rows."""
    with engine.cursor() as connection:
        connection.register("fresh", table)
        return found_by(connection, {signal: "fresh"})


def found_in_file(signal: str, path: Path) -> frozenset[str]:
    """The dialects of a segment's rows."""
    with engine.cursor() as connection:
        return found_by(connection, {signal: f"read_parquet({quote(without_patterns(path))})"})


def found_by(connection: duckdb.DuckDBPyConnection, relations: Mapping[str, str]) -> frozenset[str]:
    """The dialects of what each signal's relation has; the macros must be there."""
    found: set[str] = set()
    for signal in SPOKEN.intersection(relations):
        question = dialects_sql(signal).format(records=relations[signal])
        found.update(name for _, name in connection.execute(question).fetchall())
    return frozenset(found)


@cache
def detection() -> str:
    """Changes with any text that decides on a record's dialect."""
    texts = [statement.text for statement in macros_sql()]
    texts += [dialects_sql(signal) for signal in sorted(SPOKEN)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
