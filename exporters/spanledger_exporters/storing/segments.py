"""Write Parquet segments, and read journal files into the same shape."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.columns import sql_columns
from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.storing import engine, recovery
from spanledger_exporters.storing.dialects import detection
from spanledger_exporters.storing.journal import LONGEST_LINE
from spanledger_exporters.storing.layout import NONE, SIGNALS, Layout, stem_of, sync_folder
from spanledger_exporters.storing.prices import Named, from_text, to_text

# Small enough that one trace's lookup reads little, large enough to compress.
ROW_GROUP: Final = 65_536
_SEQUENCES: Final = frozenset(
    {"start_ns", "end_ns", "time_ns", "observed_ns", "received_ns", "seq"}
)
MERGED: Final = "-merged"
_REPLACES: Final = b"spanledger.replaces"
_CONFLICTS: Final = b"spanledger.conflicts"
_DIALECTS: Final = b"spanledger.dialects"
_MODELS: Final = b"spanledger.models"


@dataclass(frozen=True, slots=True)
class Footer:
    """What a segment's footer says, beside Parquet's own.

    `replaces` are the stems of all segments that a merged one took in, at first or second hand;
    `conflicts` the (trace, span) ids that had several contents when its rows were stored;
    `dialects` those of its rows, None when another version decided on them; `models` what they
    name, None when nobody looked. `size` is the bytes in its pages, inflated; 0 before they are.
    """

    rows: int
    size: int = 0
    replaces: frozenset[str] = frozenset()
    conflicts: frozenset[tuple[str, str]] = frozenset()
    dialects: frozenset[str] | None = None
    models: Named | None = None

    def sources(self, path: Path) -> frozenset[str]:
        """The stems of the journal files whose rows the segment at `path` has."""
        taken = frozenset(stem for stem in self.replaces if not stem.endswith(MERGED))
        return taken or frozenset({path.stem})

    def metadata(self) -> dict[bytes, bytes]:
        """As Parquet key-value metadata: words with commas between."""
        ids = sorted(f"{trace}-{span}" for trace, span in self.conflicts)
        words = {_REPLACES: sorted(self.replaces), _CONFLICTS: ids}
        if self.dialects is not None:
            words[_DIALECTS] = [detection(), *sorted(self.dialects)]
        if self.models is not None:
            words[_MODELS] = [to_text(self.models)]
        return {key: ",".join(value).encode() for key, value in words.items() if value}


def write(
    path: Path,
    table: pa.Table,
    conflicts: frozenset[tuple[str, str]] = frozenset(),
    dialects: frozenset[str] | None = None,
    models: Named | None = None,
) -> None:
    """Write one segment; it appears whole, under its final name, or not at all."""
    facts = Footer(len(table), conflicts=conflicts, dialects=dialects, models=models).metadata()
    with SegmentWriter(path, table.schema.with_metadata(facts), rows=len(table)) as writer:
        writer.add(table.replace_schema_metadata(facts))


class SegmentWriter:
    """A segment in the making: rows are added, the file appears when the block ends well."""

    def __init__(self, path: Path, shape: pa.Schema, *, rows: int, level: int = 1) -> None:
        """`rows`: how many there will be, about.

        `level`: of Zstandard; 1 when written once in a hurry, more when merged to stay.
        """
        self.shape = shape
        self._path = path
        self._temporary = path.with_suffix(f".tmp-{os.getpid()}")
        self._file = os.fdopen(
            os.open(self._temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600),
            "wb",
        )
        self._writer: Any = pq.ParquetWriter(self._file, shape, **_options(shape, level, rows))

    def add(self, table: pa.Table) -> None:
        """Write the rows as row groups of their own."""
        self._writer.write_table(table, row_group_size=ROW_GROUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._finish()
            if kind is None:
                self._temporary.replace(self._path)
                sync_folder(self._path.parent)
        finally:
            self._temporary.unlink(missing_ok=True)

    def _finish(self) -> None:
        with self._file:
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())


def _options(shape: pa.Schema, level: int, rows: int) -> dict[str, Any]:
    # Skips the row groups that do not have a trace: half the CPU of a look-up in 2 million spans,
    # for 0.1 bytes a span. A dozen spans a trace is usual; more traces only make it less sharp.
    traces = {"ndv": max(16, min(rows, ROW_GROUP) // 12), "fpp": 0.01}
    plain = {*_SEQUENCES, "span_id"}
    leaves = _leaf_paths(shape)
    return {
        "compression": "zstd",
        "write_page_checksum": True,
        "bloom_filter_options": {"trace_id": traces} if "trace_id" in shape.names else None,
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
            write(path, schema(signal).empty_table(), dialects=frozenset(), models=frozenset())


def footer(path: Path) -> Footer:
    """Read a segment's footer; raises pyarrow.ArrowInvalid or OSError when it is damaged."""
    found = pq.read_metadata(path)
    return Footer(
        found.num_rows,
        sum(found.row_group(i).total_byte_size for i in range(found.num_row_groups)),
        frozenset(_words(found, _REPLACES)),
        frozenset((trace, span) for trace, span in _pairs(_words(found, _CONFLICTS))),
        _dialects(_words(found, _DIALECTS)),
        _models(found),
    )


def _words(found: pq.FileMetaData, key: bytes) -> list[str]:
    text: str = (found.metadata or {}).get(key, b"").decode()
    return text.split(",") if text else []


def _models(found: pq.FileMetaData) -> Named | None:
    return from_text((found.metadata or {}).get(_MODELS, b""))


def _dialects(words: Sequence[str]) -> frozenset[str] | None:
    return frozenset(words[1:]) if words and words[0] == detection() else None


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        trace, _, span = word.partition("-")
        yield trace, span


def footer_or_none(path: Path) -> Footer | None:
    """A segment's footer; None when the file is damaged."""
    try:
        return footer(path)
    except (pa.ArrowException, ValueError, OSError):
        return None


def count_by_reading(path: Path) -> int | None:
    """How many rows come out when every page is read; None when the file is damaged."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            rows: int = sum(file.read_row_group(i).num_rows for i in range(file.num_row_groups))
            return rows
    except (pa.ArrowException, ValueError, OSError):
        return None


def from_journal(signal: str, path: Path) -> pa.Table:
    """The records of a plain journal file, as they would have been in memory."""
    longest = max(LONGEST_LINE, path.stat().st_size)
    with engine.cursor() as connection:
        found: pa.Table = connection.sql(
            f"SELECT * EXCLUDE (committed) FROM read_json(?, {json_options(signal, longest)}) "
            "WHERE seq IS NOT NULL",
            params=[str(path)],
        ).to_arrow_table()
    rows: pa.Table = found.cast(schema(signal))
    return rows


def from_kept(layout: Layout, signal: str, path: Path) -> tuple[pa.Table, list[str]]:
    """The records of a kept file's whole groups, and a line for each problem with the others."""
    plain = layout.hot / f"{signal}-{stem_of(path)}.tmp"
    try:
        problems = recovery.salvage(path, plain)
        table = from_journal(signal, plain)
    finally:
        plain.unlink(missing_ok=True)
    return table, problems


def json_options(signal: str, longest: int = LONGEST_LINE) -> str:
    """How DuckDB reads journal lines: our columns, and nothing for a line that is torn.

    `committed` is a marker line's own column. That lines are records is said, not found out: else
    DuckDB opens a file when it binds a view, perhaps one that is just being deleted.
    """
    return (
        "format = 'newline_delimited', records = true, ignore_errors = true, "
        f"maximum_object_size = {longest}, "
        f"columns = {sql_columns(signal)[:-1]}, 'committed': 'BIGINT'}}"
    )
