"""Look into the store of our own server: the one place of the suite that knows it."""

from collections.abc import Callable
from pathlib import Path

Rows = list[tuple[object, ...]]
Stored = Callable[[str], Rows]
"""Answers SQL over `spans`, `logs` and `metrics` with rows."""


def stored_in(data: Path) -> Stored:
    """The store in this directory."""
    from spanledger_exporters.reading.ledger import Ledger  # noqa: PLC0415 - absent elsewhere

    return lambda sql: Ledger(data).sql(sql).fetchall()


def dead_letters(data: Path) -> list[str]:
    """What could not be decoded, one line of JSON each."""
    files = sorted((data / "deadletter").glob("*.jsonl"))
    return [line for file in files for line in file.read_text().splitlines()]
