"""Merge small segments into large ones, so that a query opens few files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.storing import segments
from spanledger_exporters.storing.layout import Layout, new_stem
from spanledger_exporters.storing.prices import Named, limited
from spanledger_exporters.storing.segments import MERGED, ROW_GROUP, Footer, SegmentWriter

# A row group of long prompts is closed before it takes this much memory.
_GROUP_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Merging:
    """When to merge: merging costs as much CPU as sealing did.

    Segments below `small_bytes` are merged once there are `many`, up to `target_bytes` at a time.
    """

    small_bytes: int = 32 << 20
    target_bytes: int = 112 << 20
    many: int = 40

    def candidates(self, files: Sequence[Path]) -> list[Path]:
        """The small segments that one merge should take in, oldest first; none while few."""
        small = [path for path in files if path.stat().st_size < self.small_bytes]
        if len(small) < self.many:
            return []
        chosen: list[Path] = []
        room = self.target_bytes
        for path in small:
            room -= path.stat().st_size
            if room < 0 and chosen:
                break
            chosen.append(path)
        return chosen


USUAL: Final = Merging()


def merge(layout: Layout, signal: str, sources: Sequence[Path], writer: str, number: int) -> Path:
    """Write one segment with the rows of all sources; they stay until the next publish.

    Holds one row group in memory, whatever the files' size. What a source had taken in counts as
    taken in here, so that the journal files behind a segment are always known.
    """
    target = layout.segment_file(signal, new_stem(writer, number) + MERGED)
    footers = {path.stem: segments.footer(path) for path in sources}
    facts = Footer(
        rows=sum(footer.rows for footer in footers.values()),
        replaces=frozenset(footers).union(*(footer.replaces for footer in footers.values())),
        conflicts=frozenset[tuple[str, str]]().union(*(f.conflicts for f in footers.values())),
        dialects=_dialects(list(footers.values())),
        models=_models(list(footers.values())),
    )
    shape = schema(signal).with_metadata(facts.metadata())
    with SegmentWriter(target, shape, rows=facts.rows, level=6) as segment:
        for rows in _row_groups(sources):
            segment.add(rows.cast(segment.shape))
    return target


def _dialects(footers: Sequence[Footer]) -> frozenset[str] | None:
    known = [footer.dialects for footer in footers if footer.dialects is not None]
    return frozenset[str]().union(*known) if len(known) == len(footers) else None


def _models(footers: Sequence[Footer]) -> Named | None:
    known = [footer.models for footer in footers if footer.models is not None]
    every = limited(pair for models in known for pair in models)
    return every if len(known) == len(footers) else None


def _row_groups(sources: Sequence[Path]) -> Iterator[pa.Table]:
    """All rows in order, in tables as large as a row group should be."""
    waiting: list[pa.Table] = []
    for source in sources:
        with pq.ParquetFile(source) as file:
            for number in range(file.num_row_groups):
                waiting.append(file.read_row_group(number).replace_schema_metadata(None))
                if _is_full(waiting):
                    yield pa.concat_tables(waiting)
                    waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _is_full(tables: Sequence[pa.Table]) -> bool:
    rows: int = sum(len(table) for table in tables)
    return rows >= ROW_GROUP or sum(table.nbytes for table in tables) >= _GROUP_BYTES
