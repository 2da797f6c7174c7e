"""Know the segments: which are live, what they hold, and what is missing."""

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from spanledger_exporters.storing import segments
from spanledger_exporters.storing.dialects import SPOKEN, found_in_file
from spanledger_exporters.storing.layout import NONE, SIGNALS, Layout, stem_of
from spanledger_exporters.storing.prices import Named, limited, named_in_file
from spanledger_exporters.storing.segments import Footer
from spanledger_exporters.storing.settled import Settlement, covers

_LOG: Final = logging.getLogger(__name__)
DAMAGED: Final = ".damaged"
REBUILDING: Final = "rebuilding"

WriteSegment = Callable[[str, str, pa.Table], None]
"""Takes signal, stem and rows."""


@dataclass(slots=True)
class Shelf:
    """The segments of a directory; footers are read once. For who publishes or settles."""

    layout: Layout
    _footers: dict[Path, Footer] = field(default_factory=dict)
    _mended: bool = False

    def live(self, signal: str) -> list[Path]:
        """All whole segments that no merged one has taken in, oldest first."""
        footers = self._scan(signal)
        gone = _taken_in(footers)
        return [path for path in footers if path.stem not in gone]

    def settled(self, signal: str, held: Sequence[Settlement]) -> list[Path]:
        """Those of the live segments whose stories are settled."""
        return [
            path for path in self.live(signal) if covers(held, signal, path, self._footers[path])
        ]

    def rows(self, path: Path) -> int:
        """Of a segment that `live` named."""
        return self._footers[path].rows

    def size(self, path: Path) -> int:
        """Bytes of such a segment, inflated."""
        return self._footers[path].size

    def stems(self, signal: str) -> set[str]:
        """The stems of all journal files that are in a segment, and of the segments."""
        footers = self._scan(signal)
        return {path.stem for path in footers} | _taken_in(footers)

    def replaced(self) -> list[Path]:
        """Segments of all signals that merged ones have taken in."""
        found: list[Path] = []
        for signal in SIGNALS:
            footers = self._scan(signal)
            gone = _taken_in(footers)
            found += [path for path in footers if path.stem in gone]
        return found

    def conflicts(self) -> set[tuple[str, str]]:
        """The ids of spans that have several contents."""
        return {ids for footer in self._scan("spans").values() for ids in footer.conflicts}

    def dialects(self) -> frozenset[str]:
        """Those that there are records of."""
        found: set[str] = set()
        for signal in SPOKEN:
            for path in self.live(signal):
                found |= self.dialects_of(signal, path)
        return frozenset(found)

    def dialects_of(self, signal: str, path: Path) -> frozenset[str]:
        """Those of a segment that `live` named."""
        footer = self._footers[path]
        if footer.dialects is None:
            footer = replace(footer, dialects=found_in_file(signal, path))
            self._footers[path] = footer
        return footer.dialects or frozenset()

    def models(self) -> Named:
        """What the records name, of all segments."""
        found = (self._models_of(signal, path) for signal in SPOKEN for path in self.live(signal))
        return limited(pair for named in found for pair in named)

    def _models_of(self, signal: str, path: Path) -> Named:
        footer = self._footers[path]
        if footer.models is None:
            footer = replace(footer, models=named_in_file(signal, path))
            self._footers[path] = footer
        return footer.models or frozenset()

    def mend(self, write: WriteSegment) -> None:
        """Make what is missing from the kept journal, once, and again when damage is found."""
        for signal in SIGNALS:
            self._scan(signal)
        if self._mended:
            return
        self._sweep()
        for signal in SIGNALS:
            have = self.stems(signal) | {stem_of(path) for path in self.layout.hot_files(signal)}
            for path in self.layout.kept_files(signal):
                stem = stem_of(path) or NONE
                if stem not in have:
                    self._mend_one(signal, stem, path, write)
        self._mended = True

    def _mend_one(self, signal: str, stem: str, kept: Path, write: WriteSegment) -> None:
        table, problems = segments.from_kept(self.layout, signal, kept)
        for problem in problems:
            _LOG.warning("%s", problem)
        if len(table):
            _LOG.warning("segment %s was missing: made again from the journal", stem)
            write(signal, stem, table)

    def _sweep(self) -> None:
        """Remove what a killed publisher or rebuild had in the making."""
        shutil.rmtree(self.layout.root / REBUILDING, ignore_errors=True)
        for path in self.layout.hot.glob("*.tmp"):
            path.unlink(missing_ok=True)
        for signal in SIGNALS:
            for path in self.layout.segments(signal).glob("*.tmp-*"):
                # The empty ones are made without a lock, by every process that starts.
                if path.stem != NONE:
                    path.unlink(missing_ok=True)

    def _scan(self, signal: str) -> dict[Path, Footer]:
        """Footers by path, oldest first; a damaged segment is moved aside."""
        found: dict[Path, Footer] = {}
        for path in self.layout.segment_files(signal):
            footer = self._footers.get(path) or segments.footer_or_none(path)
            if footer is None and not path.exists():
                continue  # Taken in by a merged one, and gone while somebody settles.
            if footer is None:
                _LOG.warning("%s is damaged: it is moved aside", path)
                path.replace(path.with_name(path.name + DAMAGED))
                self._mended = False
            else:
                self._footers[path] = found[path] = footer
        return found


def _taken_in(footers: dict[Path, Footer]) -> set[str]:
    return {stem for footer in footers.values() for stem in footer.replaces}
