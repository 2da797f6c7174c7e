"""Hold what an export did, for the card and for whoever asked."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from spanledger_exporters.tuning.options import Options


@dataclass(slots=True)
class Report:
    """What an export did: rows by split, why rows are there, what was left out and why."""

    options: Options
    rows: dict[str, int] = field(default_factory=dict[str, int])
    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    refused: Counter[str] = field(default_factory=Counter[str])
    sessions: int = 0
    masked: Counter[str] = field(default_factory=Counter[str])
    masked_rows: int = 0
    files: list[Path] = field(default_factory=list[Path])
