"""Write Parquet segments, and read journal files into the same shape."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.columns import sql_columns
from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.storing.layout import NONE, SIGNALS, Layout, sync_folder

# Small enough that one trace's lookup reads little, large enough to compress.
ROW_GROUP: Final = 65_536
_SEQUENCES: Final = frozenset(
    {"start_ns", "end_ns", "time_ns", "observed_ns", "received_ns", "seq"}
)
REPLACES: Final = b"spanledger.replaces"
"""Parquet metadata of a merged segment: the stems it took in, comma between."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What a segment's footer says."""

    rows: int
    replaces: frozenset[str]


def write(path: Path, tables: Sequence[pa.Table]) -> None:
    """Write one segment; it appears whole, under its final name, or not at all."""
    with SegmentWriter(path, tables[0].schema) as writer:
        for table in tables:
            writer.add(table)


class SegmentWriter:
    """A segment in the making: rows are added, the file appears when the block ends well."""

    def __init__(self, path: Path, shape: pa.Schema, *, level: int = 1) -> None:
        """`level`: of Zstandard; 1 when written once in a hurry, more when merged to stay."""
        self._path = path
        self._temporary = path.with_suffix(f".tmp-{os.getpid()}")
        self._file = os.fdopen(
            os.open(self._temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600),
            "wb",
        )
        self._writer: Any = pq.ParquetWriter(self._file, shape, **_options(shape, level))

    def add(self, table: pa.Table) -> None:
        """Write the rows as row groups of their own."""
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._writer.close()
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is None:
            self._temporary.replace(self._path)
            sync_folder(self._path.parent)
        else:
            self._temporary.unlink()


def _options(shape: pa.Schema, level: int) -> dict[str, Any]:
    plain = {*_SEQUENCES, "span_id"}
    leaves = _leaf_paths(shape)
    return {
        "compression": "zstd",
        "write_page_checksum": True,
        "compression_level": level,
        "use_dictionary": [leaf for leaf in leaves if leaf not in plain],
        "column_encoding": {n: "DELTA_BINARY_PACKED" for n in shape.names if n in _SEQUENCES},
        "write_statistics": [leaf for leaf in leaves if "." not in leaf],
    }


def _leaf_paths(shape: pa.Schema) -> list[str]:
    """Parquet's dotted names of all leaf columns."""
    file = pa.BufferOutputStream()
    with pq.ParquetWriter(file, shape):
        pass
    leaves = pq.ParquetFile(pa.BufferReader(file.getvalue())).schema
    return [leaves.column(i).path for i in range(len(leaves.names))]


def create_anchors(layout: Layout) -> None:
    """The empty segments that every view names."""
    for signal in SIGNALS:
        path = layout.segment_file(signal, NONE)
        if not path.exists():
            write(path, [schema(signal).empty_table()])


def footer(path: Path) -> Footer:
    """Read a segment's footer; raises pyarrow.ArrowInvalid or OSError when it is damaged."""
    found = pq.read_metadata(path)
    replaces = (found.metadata or {}).get(REPLACES, b"").decode()
    return Footer(found.num_rows, frozenset(filter(None, replaces.split(","))))


def footer_or_none(path: Path) -> Footer | None:
    """A segment's footer; None when the file is damaged."""
    try:
        return footer(path)
    except (pa.ArrowInvalid, OSError):
        return None


def count_by_reading(path: Path) -> int | None:
    """How many rows come out when every page is read; None when the file is damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows: int = sum(file.read_row_group(i).num_rows for i in range(file.num_row_groups))
            return rows
    except (pa.ArrowInvalid, OSError):
        return None


def from_journal(signal: str, path: Path) -> pa.Table:
    """The records of a whole journal file, as they would have been in memory."""
    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.sql(
            f"SELECT * FROM read_json(?, {json_options(signal)}) WHERE seq IS NOT NULL",
            params=[str(path)],
        ).to_arrow_table()
    return found.cast(schema(signal))


def json_options(signal: str) -> str:
    """How DuckDB reads journal lines: our columns, and nothing for a line that is torn."""
    return (
        "format = 'newline_delimited', ignore_errors = true, maximum_object_size = 1073741824, "
        f"columns = {sql_columns(signal)}"
    )
