"""Number the deliveries of a span: a copy of one that is stored gets 2, 3, … and stays hidden.

Receivers must expect duplicates (OTLP specification, "Duplicate Data"). A record under the same
ids with another content is no copy: both stay, and the ids are reported as a conflict.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters import columns
from spanledger_exporters.storing import engine
from spanledger_exporters.storing.literals import quote


class Numbered(NamedTuple):
    """The table with `delivery` made anew, and the span ids that have several contents."""

    table: pa.Table
    conflicts: frozenset[tuple[str, str]]


def number(table: pa.Table, stored: Sequence[Path]) -> Numbered:
    """Compare new spans with each other and with the stored segments (trace and span id).

    What the table said of deliveries is forgotten: a first copy it counted may have been lost.
    """
    if not len(table):
        return Numbered(table, frozenset())
    with engine.cursor() as connection:
        connection.register("fresh", table.append_column("place", pa.arange(0, len(table))))
        if not _find_twice(connection, table, stored):
            return Numbered(_with_deliveries(table, {}), frozenset())
        connection.execute(_DELIVERIES)
        later = connection.sql("SELECT place, delivery FROM deliveries WHERE delivery > 1")
        conflicts = connection.sql(
            "SELECT trace_id, span_id FROM copies GROUP BY ALL HAVING count(DISTINCT content) > 1"
        )
        return Numbered(
            _with_deliveries(table, dict(later.fetchall())),
            frozenset((trace, span) for trace, span in conflicts.fetchall()),
        )


_CONTENT: Final = ", ".join(
    f'"{c.name}"'
    for c in columns.SPANS
    if c.name not in {"wire", "received_ns", "writer", "seq", "delivery"}
)

_DELIVERIES: Final = f"""
CREATE TEMP TABLE copies AS
  SELECT place, trace_id, span_id, hash({_CONTENT}) AS content
  FROM fresh SEMI JOIN twice USING (trace_id, span_id)
  UNION ALL
  SELECT NULL AS place, trace_id, span_id, hash({_CONTENT}) AS content
  FROM stored SEMI JOIN twice USING (trace_id, span_id);
CREATE TEMP TABLE deliveries AS
  SELECT place, row_number() OVER (
    PARTITION BY trace_id, span_id, content ORDER BY place NULLS FIRST
  ) AS delivery
  FROM copies QUALIFY place IS NOT NULL;
"""


def _find_twice(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, stored: Sequence[Path]
) -> bool:
    """Fill `twice` with the ids that come more than once; tell whether there are any.

    A copy starts when its original did: only row groups of that time are read.
    """
    times = pc.min_max(table.column("start_ns")).as_py()
    files = ", ".join(quote(str(path)) for path in stored)
    connection.execute(
        "CREATE TEMP VIEW stored AS SELECT * FROM "
        + (f"read_parquet([{files}])" if files else "(SELECT * FROM fresh WHERE false)")
        + f" WHERE start_ns BETWEEN {times['min']} AND {times['max']}"
    )
    connection.execute("""
        CREATE TEMP TABLE twice AS
        SELECT trace_id, span_id FROM (
          SELECT trace_id, span_id FROM fresh
          UNION ALL
          SELECT trace_id, span_id FROM stored SEMI JOIN fresh USING (trace_id, span_id)
        ) GROUP BY ALL HAVING count(*) > 1""")
    return bool(connection.sql("SELECT 1 FROM twice LIMIT 1").fetchall())


def _with_deliveries(table: pa.Table, later: dict[int, int]) -> pa.Table:
    at = table.schema.get_field_index("delivery")
    if not later and table.column(at).null_count == len(table):
        return table
    deliveries = [later.get(place) for place in range(len(table))]
    return table.set_column(at, table.schema.field(at), pa.array(deliveries, pa.int32()))
