"""Turn an answer's columns into the Arrow types that Grafana shows.

Its InfluxDB data source knows strings, booleans, numbers up to 64 bits and timestamps, which it
takes for nanoseconds whatever their unit; of any other type it shows nothing. So: decimals (what
`sum` of a BIGINT gives) become doubles, dates and timestamps nanoseconds, and lists, maps and
structs JSON text.
"""

import json
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.reading.ledger import Result

_NS: Final = pa.timestamp("ns")
_NS_PER: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def shown(table: pa.Table) -> pa.Table:
    """The same rows with every column of a type that is shown."""
    for at, field in enumerate(table.schema):
        column = _column(table, field)
        table = table.set_column(at, pa.field(field.name, column.type), column)
    return table


def _column(table: pa.Table, field: pa.Field) -> Any:
    column, kind = table.column(field.name), field.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("s")), pa.timestamp("s")
    if pa.types.is_timestamp(kind):
        return _nanoseconds(column, kind)
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if _is_shown(kind):
        return column
    if pa.types.is_null(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.string())
    return pa.array(_texts(table, field.name), pa.string())


def _is_shown(kind: pa.DataType) -> bool:
    types = pa.types
    number = types.is_integer(kind) or types.is_float32(kind) or types.is_float64(kind)
    return bool(number or types.is_string(kind) or types.is_boolean(kind))


def _nanoseconds(column: Any, kind: pa.DataType) -> Any:
    """UTC; what nanoseconds cannot say (before 1678, after 2261) is NULL."""
    factor = _NS_PER[kind.unit]
    last = (2**63 - 1) // factor
    counts = column.cast(pa.int64())
    fits = pc.and_(pc.greater_equal(counts, -last), pc.less_equal(counts, last))
    within = pc.if_else(fits, counts, pa.scalar(None, pa.int64()))
    return pc.multiply(within, pa.scalar(factor, pa.int64())).cast(_NS)


def _texts(table: pa.Table, name: str) -> list[str | None]:
    values = (row[0] for row in Result(table.select([name])).fetchall())
    return [None if value is None else _text(value) for value in values]


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.hex() if isinstance(value, bytes) else str(value)
