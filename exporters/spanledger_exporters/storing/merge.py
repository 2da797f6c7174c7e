"""Merge small segments into large ones, so that a query opens few files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.storing.layout import Layout, new_stem
from spanledger_exporters.storing.segments import REPLACES, SegmentWriter

MERGED: Final = "-merged"
SMALL: Final = 32 << 20
"""Bytes below which a segment is worth merging."""
TARGET: Final = 112 << 20
MANY: Final = 40
"""Small segments that are left alone: merging costs as much CPU as sealing did."""


def candidates(segments: Sequence[Path]) -> list[Path]:
    """The small segments that one merge should take in, oldest first; none while they are few."""
    small = [path for path in segments if path.stat().st_size < SMALL]
    if len(small) < MANY:
        return []
    chosen: list[Path] = []
    room = TARGET
    for path in small:
        room -= path.stat().st_size
        if room < 0:
            break
        chosen.append(path)
    return chosen


def merge(layout: Layout, signal: str, sources: Sequence[Path], writer: str, number: int) -> Path:
    """Write one segment with the rows of all sources; they stay until the next publish.

    Reads a row group at a time: memory holds one, whatever the files' size.
    """
    target = layout.segment_file(signal, new_stem(writer, number) + MERGED)
    stems = ",".join(path.stem for path in sources)
    shape = schema(signal).with_metadata({REPLACES: stems})
    with SegmentWriter(target, shape, level=6) as segment:
        for source in sources:
            file = pq.ParquetFile(source)
            for group in range(file.num_row_groups):
                rows: pa.Table = file.read_row_group(group)
                segment.add(rows.cast(shape))
    return target
