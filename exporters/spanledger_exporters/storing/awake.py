"""Tell which dialects the views must speak beside what is settled: those of all other records.

A view that speaks two dozen takes DuckDB seconds to plan, and most of what a ledger has is settled.
So the settled views speak the dialects of the tail, and of those settled stories that go on in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from spanledger_exporters.reading.queries import settled_sql
from spanledger_exporters.storing import engine
from spanledger_exporters.storing.layout import NONE, Layout
from spanledger_exporters.storing.literals import quote
from spanledger_exporters.storing.settled import TELLING, Settlement, unspoken
from spanledger_exporters.storing.shelf import Shelf
from spanledger_exporters.storing.views import Contents, parquet

_ANY: Final = "otel"
"""The dialect of every record."""
_FRESH: Final = r"\1 fresh_\2"


@dataclass(slots=True)
class Awake:
    """Looks at every segment once for each list of settlements: that takes a tenth of a second."""

    shelf: Shelf
    _held: tuple[Path, ...] = ()
    _seen: set[Path] = field(default_factory=set)
    _woken: set[str] = field(default_factory=set)

    def dialects(
        self, contents: dict[str, Contents], held: Sequence[Settlement]
    ) -> frozenset[str] | None:
        """Empty when everything is settled, None when nothing is."""
        if not held:
            return None
        found = set(held[-1].open_dialects)
        tail = {signal: contents[signal].tail for signal in TELLING}
        for signal, paths in tail.items():
            found.update(*(self.shelf.dialects_of(signal, path) for path in paths))
        if held[-1].open_records or any(tail.values()):
            found.add(_ANY)
        self._look(tail, held, found)
        return frozenset(found.union(*(speech.split(",") for speech in self._woken)))

    def _look(
        self, tail: dict[str, tuple[Path, ...]], held: Sequence[Settlement], found: set[str]
    ) -> None:
        """Find what else settled stories speak that go on in segments not looked at yet."""
        folders = tuple(one.folder for one in held)
        if folders != self._held:
            self._held, self._seen, self._woken = folders, set(), set()
        fresh = {
            signal: [p for p in paths if p not in self._seen] for signal, paths in tail.items()
        }
        unknown = unspoken(held, found) - self._woken
        if unknown and any(fresh.values()):
            self._woken |= _woken(self.shelf.layout, fresh, held, unknown)
            self._seen.update(*fresh.values())


def _woken(
    layout: Layout, fresh: dict[str, list[Path]], held: Sequence[Settlement], unknown: set[str]
) -> set[str]:
    """What the settled stories speak, of the unknown, that go on in fresh segments."""
    records = ", ".join(
        f"fresh_{signal} AS (SELECT * FROM {parquet(paths or [layout.segment_file(signal, NONE)])})"
        for signal, paths in fresh.items()
    )
    keys, retired = (parquet(one.file(name) for one in held) for name in ("keys", "retired"))
    with engine.cursor() as connection:
        found = connection.execute(
            f"""WITH {records}, story_links AS ({settled_sql("story_links", _FRESH)})
            SELECT DISTINCT dialects
            FROM {keys}
            WHERE dialects IN ({", ".join(map(quote, sorted(unknown)))})
              AND key IN (SELECT key FROM story_links)
              AND story NOT IN (SELECT story FROM {retired})"""
        ).fetchall()
    return {dialects for (dialects,) in found}
