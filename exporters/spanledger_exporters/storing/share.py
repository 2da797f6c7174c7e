"""Choose what one settlement works on: old segments of the tail, and settlements to make one of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.settled import TELLING, Settlement
from spanledger_exporters.storing.shelf import Shelf
from spanledger_exporters.storing.views import Contents

_GROWTH: Final = 8
"""So many settlements become one, unless one of them is so many times larger than what is newer."""


class Most(NamedTuple):
    """How much is taken from the tail at a time: records, and bytes of inflated segments."""

    records: int
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of the tail; `size` is its inflated bytes."""

    stem: str
    signal: str
    path: Path
    records: int
    size: int


@dataclass(frozen=True, slots=True)
class Share:
    """The pieces are new, the settlements `held` are there, those `taken_in` will be part of it."""

    held: Sequence[Settlement]
    pieces: Sequence[Piece]
    taken_in: Sequence[Settlement]

    @classmethod
    def choose(
        cls, layout: Layout, shelf: Shelf, held: Sequence[Settlement], most: Most
    ) -> Self | None:
        """Up to so much, but one segment at least; None where nothing is left to settle."""
        pieces = list(_oldest(_tail(layout, shelf, held), most))
        if not pieces and not (held and held[-1].open_records):
            return None
        return cls(held, pieces, _to_take_in(held, sum(piece.records for piece in pieces)))

    @property
    def unsettled(self) -> int:
        """The records that no settlement holds."""
        left_open = self.held[-1].open_records if self.held else 0
        return left_open + sum(piece.records for piece in self.pieces)

    @property
    def records(self) -> int:
        """Those that the settlement will be of."""
        settled = sum(one.records for one in self.taken_in)
        return settled + sum(piece.records for piece in self.pieces)

    @property
    def after(self) -> tuple[str, ...]:
        """The names of the settlements that stay."""
        return tuple(one.folder.name for one in self.held if one not in self.taken_in)

    def contents(self, shelf: Shelf) -> dict[str, Contents]:
        """The pieces as a ledger's tail, and all that is settled."""
        found: dict[str, Contents] = {}
        for signal in TELLING:
            settled = shelf.settled(signal, self.held)
            new = (piece.path for piece in self.pieces if piece.signal == signal)
            found[signal] = Contents((*settled, *new), (), tuple(settled))
        return found

    def covers(self) -> dict[str, frozenset[str]]:
        """The stems of all its segments by signal."""
        return {signal: self._covers(signal) for signal in TELLING}

    def _covers(self, signal: str) -> frozenset[str]:
        new = frozenset(piece.stem for piece in self.pieces if piece.signal == signal)
        return new.union(*(one.covers[signal] for one in self.taken_in))


def _oldest(tail: Iterator[Piece], most: Most) -> Iterator[Piece]:
    records = size = 0
    for piece in sorted(tail, key=lambda piece: piece.stem):
        chosen = records > 0
        records += piece.records
        size += piece.size
        if chosen and (records > most.records or size > most.size):
            return
        yield piece


def _tail(layout: Layout, shelf: Shelf, held: Sequence[Settlement]) -> Iterator[Piece]:
    for signal in TELLING:
        # A segment may be there before its hot file is gone: it is not shown yet.
        hot = {path.name.partition(".")[0] for path in layout.hot_files(signal)}
        settled = shelf.settled(signal, held)
        for path in shelf.live(signal):
            if path not in settled and f"{signal}-{path.stem}" not in hot:
                yield Piece(path.stem, signal, path, shelf.rows(path), shelf.size(path))


def _to_take_in(held: Sequence[Settlement], records: int) -> list[Settlement]:
    """The newest ones that are not much larger than all that is newer, once there are many."""
    taken: list[Settlement] = []
    for one in reversed(held):
        if one.records > _GROWTH * records:
            break
        records += one.records
        taken.append(one)
    return taken if len(taken) >= _GROWTH else []
