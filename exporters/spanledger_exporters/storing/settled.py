"""Know what is settled: the stories that are over, whose rows of the ledger are written down.

A settlement is a folder `settled/<stem>/`, written by `settling.py` and derived like a segment:

    <view>.parquet        rows of one of the views SETTLED, with their story
    keys.parquet          the keys of its stories (traces, sessions, plans), with their dialects
    retired.parquet       stories of earlier settlements that went on and are in this one, or open
    open_spans.parquet    what was not over yet; only the last settlement's counts
    open_logs.parquet
    settlement.json       the segments it covers, and the settlements it was made after

A segment is covered as a whole: its records are either settled or open.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Self

from spanledger_exporters.pricing.book import book
from spanledger_exporters.reading.queries import SETTLED, settled_texts, views_sql
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.segments import Footer

_FOLDERS: Final = "*Z-*"
MANIFEST: Final = "settlement.json"
TELLING: Final = ("spans", "logs")
"""The signals that stories are told in."""
TABLES: Final = ("keys", "retired", *SETTLED)


@dataclass(frozen=True, slots=True)
class Settlement:
    """One folder. `covers` are stems of segments by signal, `after` the names of other folders.

    `speech`: what the stories of its keys speak, each dialects joined by commas.
    """

    folder: Path
    version: str
    after: tuple[str, ...]
    covers: dict[str, frozenset[str]]
    records: int
    open_records: int
    open_dialects: frozenset[str]
    speech: frozenset[str]

    def file(self, name: str) -> Path:
        """The Parquet file of one table."""
        return self.folder / f"{name}.parquet"

    def to_text(self) -> str:
        """For `settlement.json`."""
        return json.dumps(
            {
                "version": self.version,
                "after": self.after,
                "covers": {signal: sorted(stems) for signal, stems in self.covers.items()},
                "records": self.records,
                "open_records": self.open_records,
                "open_dialects": sorted(self.open_dialects),
                "speech": sorted(self.speech),
            }
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises OSError, ValueError, TypeError or KeyError when it is damaged."""
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        covers = {signal: frozenset(found["covers"][signal]) for signal in TELLING}
        return cls(
            folder,
            str(found["version"]),
            tuple(found["after"]),
            covers,
            int(found["records"]),
            int(found["open_records"]),
            frozenset(found["open_dialects"]),
            frozenset(found["speech"]),
        )


def settlements(layout: Layout) -> list[Settlement]:
    """Those that hold, oldest first: of this version, up to the newest, with all before it."""
    folders = sorted(layout.settled.glob(_FOLDERS))
    found = [one for one in map(_read, folders) if one and one.version == version()]
    if not found:
        return []
    newest = found[-1]
    chain = [one for one in found if one is newest or one.folder.name in newest.after]
    return chain if len(chain) == len(newest.after) + 1 else []


def outdated(layout: Layout, held: Sequence[Settlement]) -> list[Path]:
    """The folders of other settlements."""
    names = {one.folder for one in held}
    return [folder for folder in layout.settled.glob(_FOLDERS) if folder not in names]


def covers(held: Sequence[Settlement], signal: str, path: Path, footer: Footer) -> bool:
    """Whether a segment's records are settled. Merging never takes in both kinds."""
    stems = (one.covers.get(signal, frozenset[str]()) for one in held)
    return any(path.stem in some or not footer.replaces.isdisjoint(some) for some in stems)


def unspoken(held: Sequence[Settlement], dialects: frozenset[str] | set[str]) -> set[str]:
    """What settled stories speak that takes more than these dialects."""
    every = set[str]().union(*(one.speech for one in held))
    return {speech for speech in every if speech and not dialects.issuperset(speech.split(","))}


@cache
def version() -> str:
    """Changes with any text that settled rows are made by, and with the prices."""
    texts = [statement.text for statement in views_sql()]
    texts += [*settled_texts(), *TABLES, book().version]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


@lru_cache(256)
def _read(folder: Path) -> Settlement | None:
    try:
        return Settlement.read(folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
