"""Give the Arrow schema of each table."""

from functools import cache
from typing import Final

import pyarrow as pa

from spanledger_exporters import column, columns

MAP: Final = pa.map_(pa.string(), pa.string())

_ARROW: Final[dict[str, pa.DataType]] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BIGINT[]": pa.list_(pa.int64()),
    "DOUBLE[]": pa.list_(pa.float64()),
    column.MAP: MAP,
    f"{columns.EVENT}[]": pa.list_(
        pa.struct(
            {
                "time_ns": pa.int64(),
                "name": pa.string(),
                "attributes": MAP,
                "attribute_types": pa.string(),
                "dropped_attributes_count": pa.int64(),
            }
        )
    ),
    f"{columns.LINK}[]": pa.list_(
        pa.struct(
            {
                "trace_id": pa.string(),
                "span_id": pa.string(),
                "trace_state": pa.string(),
                "attributes": MAP,
                "attribute_types": pa.string(),
                "dropped_attributes_count": pa.int64(),
                "flags": pa.int64(),
            }
        )
    ),
    f"{columns.QUANTILE}[]": pa.list_(pa.struct({"quantile": pa.float64(), "value": pa.float64()})),
    f"{columns.EXEMPLAR}[]": pa.list_(
        pa.struct(
            {
                "time_ns": pa.int64(),
                "value_int": pa.int64(),
                "value_double": pa.float64(),
                "span_id": pa.string(),
                "trace_id": pa.string(),
                "filtered_attributes": MAP,
                "attribute_types": pa.string(),
            }
        )
    ),
}


@cache
def schema(signal: str) -> pa.Schema:
    """The Arrow schema of `spans`, `logs` or `metrics`, every column nullable, in table order."""
    return pa.schema([(c.name, _ARROW[c.type]) for c in columns.TABLES[signal]])


def list_of(table_column: str, signal: str) -> pa.DataType:
    """The element type of a list column, as for `list_of("events", "spans")`."""
    kind: pa.DataType = schema(signal).field(table_column).type.value_type
    return kind
