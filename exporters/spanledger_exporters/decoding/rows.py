"""Put decoded columns together: one Arrow table and one JSON object a record."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import text
from spanledger_exporters.decoding.shapes import schema

RECEIPT: Final = ("received_ns", "writer", "seq")
_END: Final = text.constant("}\n")
_NOTHING: Final = text.constant("")


class IrregularError(Exception):
    """Some records of a batch must be looked at one by one (`careful.py`)."""

    def __init__(self, records: pa.Array) -> None:
        """`records`: their places in the batch, counted over all its requests."""
        super().__init__()
        self.records: frozenset[int] = frozenset(records.to_pylist())


def refuse(irregular: Sequence[pa.Array]) -> None:
    """Raise IrregularError when any of the arrays names a record."""
    if any(len(places) for places in irregular):
        raise IrregularError(pa.concat_arrays([pc.cast(p, pa.int32()) for p in irregular]))


def failing(*checks: pa.Array) -> pa.Array:
    """The places where any of the checks is false."""
    return pc.indices_nonzero(pc.invert(functools.reduce(pc.and_, checks)))


@dataclass(frozen=True, slots=True)
class Rows:
    """Records without their receipt, as columns.

    `columns` holds arrays of the table's types by name; missing names are NULL. `members` has each
    record's JSON members, a comma before each.
    """

    signal: str
    count: int
    columns: Mapping[str, pa.Array]
    members: pa.Array


@dataclass(frozen=True, slots=True)
class FewRows:
    """Records without their receipt, as Python values by column name; `members` as in Rows."""

    signal: str
    rows: list[dict[str, Any]]
    members: list[str]

    @property
    def count(self) -> int:
        """How many records."""
        return len(self.rows)

    def as_columns(self) -> Rows:
        """The same as arrays; a column takes some 10 us, however few the rows."""
        filled = {n for row in self.rows for n, value in row.items() if value is not None}
        columns = {
            field.name: pa.array([row.get(field.name) for row in self.rows], field.type)
            for field in schema(self.signal)
            if field.name in filled
        }
        return Rows(self.signal, self.count, columns, pa.array(self.members, pa.string()))


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as they are stored: the lines for the journal and the table for a segment.

    `ready` is the table where it is there already; a segment can also be made from the lines.
    """

    signal: str
    count: int
    lines: bytes | memoryview
    ready: pa.Table | None
    make: Callable[[], pa.Table]

    @property
    def table(self) -> pa.Table:
        """The table, made now if need be."""
        return self.make() if self.ready is None else self.ready


def members_of(
    order: Iterable[str],
    columns: Mapping[str, pa.Array],
    json: Mapping[str, pa.Array],
    more: Sequence[pa.Array] = (),
) -> pa.Array:
    """Each row's JSON members in this order (`text.members`).

    `json` has the texts of columns that are written elsewhere. At least one column or one of
    `more`.
    """
    return text.members(
        {
            name: text.Json(json[name]) if name in json else text.by_type(columns[name])
            for name in order
            if name in columns and columns[name].null_count < len(columns[name])
        },
        more,
    )


def structs(kind: pa.DataType, fields: Mapping[str, pa.Array]) -> pa.StructArray:
    """A struct array of exactly this type, its fields in the type's order."""
    return pa.StructArray.from_arrays(
        [pc.cast(fields[field.name], field.type) for field in kind],
        fields=list(kind),
    )


def stamp(rows: Rows | FewRows, received_ns: int, writer: str, first_seq: int) -> Batch:
    """Add the receipt: when, by whom, and consecutive numbers from `first_seq`."""
    if isinstance(rows, Rows):
        table, lines = _stamped(rows, received_ns, writer, first_seq)
        return Batch(rows.signal, rows.count, lines, table, lambda: table)
    head = f'{{"received_ns":{received_ns},"writer":"{writer}","seq":'
    text_lines = "".join(
        f"{head}{seq}{members}}}\n" for seq, members in enumerate(rows.members, first_seq)
    )
    return Batch(
        rows.signal,
        rows.count,
        text_lines.encode(),
        None,
        lambda: _stamped(rows.as_columns(), received_ns, writer, first_seq)[0],
    )


def _stamped(
    rows: Rows, received_ns: int, writer: str, first_seq: int
) -> tuple[pa.Table, memoryview]:
    seqs = pa.arange(first_seq, first_seq + rows.count)
    receipt = {
        "received_ns": pa.repeat(pa.scalar(received_ns, pa.int64()), rows.count),
        "writer": pa.repeat(pa.scalar(writer, pa.string()), rows.count),
        "seq": seqs,
    }
    lines = pc.binary_join_element_wise(
        pa.scalar(f'{{"received_ns":{received_ns},"writer":"{writer}","seq":'),
        pc.cast(seqs, pa.string()),
        rows.members,
        _END,
        _NOTHING,
    )
    return _table(rows, receipt), text.bytes_of(lines)


def _table(rows: Rows, receipt: Mapping[str, pa.Array]) -> pa.Table:
    shape = schema(rows.signal)
    have = {**rows.columns, **receipt}
    return pa.Table.from_arrays(
        [
            have[field.name] if field.name in have else pa.nulls(rows.count, field.type)
            for field in shape
        ],
        schema=shape,
    )
