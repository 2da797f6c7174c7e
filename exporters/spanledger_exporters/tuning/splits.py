"""Deal rows out to splits so that no session, and no request asked twice, is on both sides."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

_Band = tuple[int, ...]
_WORD: Final = re.compile(r"\w+")
_DIGITS: Final = re.compile(r"\d+")
_SHINGLE: Final = 3
_BINS: Final = 16
_BAND: Final = 2
_KEPT: Final = 64
_MOST: Final = 16
"""Different requests looked at in each band: without an end to it, cost grows with the square."""
_ALIKE: Final = 0.7
"""Requests with this share of word triples in common are near-duplicates."""


@dataclass(slots=True)
class Groups:
    """Sessions that must stay together: a union of sets, by near-duplicate request and by row."""

    parents: dict[str, str] = field(default_factory=dict[str, str])
    _bands: dict[tuple[int, ...], list[str]] = field(
        default_factory=dict[tuple[int, ...], list[str]]
    )
    _sketches: dict[str, frozenset[int]] = field(default_factory=dict[str, frozenset[int]])

    def add(self, session_id: str, request: str) -> None:
        """One session and what was asked in it."""
        self.parents.setdefault(session_id, session_id)
        hashes = shingles(request)
        if not hashes:
            return
        sketch = frozenset(sorted(hashes)[:_KEPT])
        self._sketches[session_id] = sketch
        for band in _bands(hashes):
            known = self._bands.setdefault(band, [])
            for other in known:
                if _alike(sketch, self._sketches[other]):
                    self.join((session_id, other))
                    break
            else:
                if len(known) < _MOST:
                    known.append(session_id)

    def join(self, sessions: Sequence[str]) -> None:
        """Keep sessions together."""
        roots = sorted({self.root(session_id) for session_id in sessions})
        for root in roots[1:]:
            self.parents[root] = roots[0]

    def root(self, session_id: str) -> str:
        """The session that stands for the group."""
        parent = self.parents.setdefault(session_id, session_id)
        while parent != session_id:
            self.parents[session_id] = self.parents[parent]
            session_id, parent = parent, self.parents[parent]
        return session_id


def shingles(text: str) -> set[int]:
    """Hashes of a text's word triples; numbers do not count, nor does case."""
    words = _WORD.findall(_DIGITS.sub("0", text.casefold()))
    count = max(1, len(words) - _SHINGLE + 1)
    triples = (" ".join(words[i : i + _SHINGLE]) for i in range(count if words else 0))
    return {zlib.crc32(triple.encode()) for triple in triples}


def _bands(hashes: Iterable[int]) -> list[_Band]:
    """One-permutation min-hashes, two at a time: near-duplicates share at least one of eight."""
    least = [-1] * _BINS
    for value in hashes:
        bin_, rest = value % _BINS, value // _BINS
        if least[bin_] < 0 or rest < least[bin_]:
            least[bin_] = rest
    places = range(0, _BINS, _BAND)
    bands = [(i, *least[i : i + _BAND]) for i in places if max(least[i : i + _BAND]) >= 0]
    return [*bands, (-1, min(hashes))]


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    return len(one & other) >= _ALIKE * len(one | other)


def deal(
    rows: Sequence[str], groups: Groups, shares: Sequence[tuple[str, float]], seed: int
) -> list[int]:
    """The number of the split for each row, given the session of each.

    Groups come in an order that only the seed and their names decide; each goes where most is
    missing.
    """
    sizes = Counter(groups.root(session_id) for session_id in rows)
    placed: dict[str, int] = {}
    missing = [share * len(rows) for _, share in shares]
    for root in sorted(sizes, key=lambda root: _order(seed, root)):
        best = max(range(len(shares)), key=lambda i: missing[i])
        placed[root] = best
        missing[best] -= sizes[root]
    return [placed[groups.root(session_id)] for session_id in rows]


def _order(seed: int, root: str) -> bytes:
    return blake2b(f"{seed}:{root}".encode(), digest_size=16).digest()
