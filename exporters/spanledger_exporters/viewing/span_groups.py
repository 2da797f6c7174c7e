"""Know the row groups of the spans' segments, and which of them may have an attribute.

A search for an attribute must look on spans, resources, scopes, events and links, and decoding the
maps of two million spans takes 2 s of CPU. Most row groups need not be decoded: they do not have
the key in a place, or not the value.
"""

import contextlib
import json
import mmap
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq

from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.viewing.parquet_pages import Chunk, may_contain

_MAPS: Final = {
    "attributes": "attributes",
    "resource": "resource",
    "scope_attributes": "scope_attributes",
    "events": "events.list.element.attributes",
    "links": "links.list.element.attributes",
}
"""Column of `spans` to Parquet's dotted name of the attributes in it."""
PLACES: Final = frozenset(_MAPS)
_LEAVES: Final = [
    f"{path}.key_value.{part}" for path in _MAPS.values() for part in ("key", "value")
]


_File = tuple[str, int, int]
"""Name, inode and time of writing: a rebuilt segment has the name of the one before."""


@dataclass(frozen=True, slots=True)
class SpanGroup:
    """One row group; times are unix nanoseconds, bounds are inclusive."""

    path: Path
    starts: tuple[int, int]
    seqs: tuple[int, int]
    services: tuple[str, str] | None
    """The first and last of its services' names, not counting that some have none."""
    chunks: Mapping[str, Chunk]

    def places(self, key: str, texts: Sequence[str], file: memoryview) -> frozenset[str]:
        """Where a span of the group may have the key with one of the texts; `file` is all of it."""
        return frozenset(
            place
            for place, path in _MAPS.items()
            if may_contain(file, self.chunks[f"{path}.key_value.key"], (key,))
            and may_contain(file, self.chunks[f"{path}.key_value.value"], texts)
        )


class SpanGroups:
    """The row groups of one data directory; may be used from many threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[_File, tuple[SpanGroup, ...]] = {}
        self._lock = threading.Lock()

    def newest_first(self) -> list[SpanGroup]:
        """By the start of their newest span.

        To be called while the ledger is open, when no segment can come or go unseen.
        """
        with self._lock:
            files = {path: _file(path) for path in self._layout.segment_files("spans")}
            self._known = {
                file: self._known.get(file) or tuple(_groups(path)) for path, file in files.items()
            }
            groups = [group for found in self._known.values() for group in found]
        return sorted(groups, key=lambda group: group.starts[1], reverse=True)

    def tails(self, keys: Sequence[str]) -> list[tuple[str, int]]:
        """Writer and first `seq` of each unpublished file that mentions all the keys."""
        found = (_tail(path, keys) for path in self._layout.hot_files("spans"))
        return [tail for tail in found if tail is not None]


@contextlib.contextmanager
def content(path: Path) -> Generator[memoryview]:
    """All bytes of a file, read when they are looked at."""
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        yield view


def _file(path: Path) -> _File:
    facts = path.stat()
    return path.name, facts.st_ino, facts.st_mtime_ns


def _tail(path: Path, keys: Sequence[str]) -> tuple[str, int] | None:
    """A file that is gone, or has no whole line yet, has nothing."""
    try:
        lines = path.read_bytes()
    except FileNotFoundError:
        return None
    quoted = [json.dumps(key, ensure_ascii=False).encode() for key in keys]
    if not all(text in lines for text in quoted) or b"\n" not in lines:
        return None
    first = json.loads(lines[: lines.index(b"\n")])
    return str(first["writer"]), int(first["seq"])


def _groups(path: Path) -> Iterator[SpanGroup]:
    with pq.ParquetFile(path) as file:
        facts = file.metadata
    first = facts.row_group(0)
    places = {first.column(at).path_in_schema: at for at in range(facts.num_columns)}
    for group in map(facts.row_group, range(facts.num_row_groups)):
        starts, seqs = (_bounds(group.column(places[name])) for name in ("start_ns", "seq"))
        assert starts is not None
        assert seqs is not None
        yield SpanGroup(
            path=path,
            starts=starts,
            seqs=seqs,
            services=_bounds(group.column(places["service_name"])),
            chunks={leaf: Chunk.of(group.column(places[leaf])) for leaf in _LEAVES},
        )


def _bounds(column: pq.ColumnChunkMetaData) -> tuple[Any, Any] | None:
    found = column.statistics
    return (found.min, found.max) if found is not None and found.has_min_max else None
