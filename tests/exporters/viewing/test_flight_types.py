"""Columns of any type become ones that Grafana shows."""

import duckdb
import pyarrow as pa
import pytest

from spanledger_exporters.viewing.flight_types import shown

NS = pa.timestamp("ns")


def answer(sql: str) -> pa.Table:
    relation = duckdb.sql(f"SELECT {sql} AS x")
    assert relation is not None
    table: pa.Table = relation.to_arrow_table()
    return table


@pytest.mark.parametrize(
    ("sql", "kind", "value"),
    [
        ("1::HUGEINT", pa.float64(), 1.0),
        ("1.25::DECIMAL(5, 2)", pa.float64(), 1.25),
        ("[1, NULL]", pa.string(), "[1, null]"),
        ("{'a': 'ä'}", pa.string(), '{"a": "ä"}'),
        ("MAP {'k': 1}", pa.string(), '{"k": 1}'),
        ("'b'::ENUM ('a', 'b')", pa.string(), "b"),
        ("NULL", None, None),
        ("'a1'::BLOB", pa.string(), "6131"),
        ("TIME '10:00:00'", pa.string(), "10:00:00"),
        ("1::UTINYINT", pa.uint8(), 1),
        ("true", pa.bool_(), True),
        ("1.5::FLOAT", pa.float32(), 1.5),
        ("TIMESTAMP '0001-01-01'", NS, None),
    ],
)
def test_a_value_is_shown(sql: str, kind: pa.DataType | None, value: object) -> None:
    table = shown(answer(sql))
    assert table.columns[0].to_pylist() == [value]
    if kind is not None:
        assert table.schema.types == [kind]


@pytest.mark.parametrize(
    "sql", ["TIMESTAMP '2026-11-21 10:00:00'", "TIMESTAMPTZ '2026-11-21 11:00:00+01'"]
)
def test_times_are_nanoseconds_in_utc(sql: str) -> None:
    table = shown(answer(sql))
    assert table.schema.types == [NS]
    assert table.columns[0].cast(pa.int64()).to_pylist() == [1795255200 * 10**9]


def test_a_date_is_its_midnight() -> None:
    table = shown(answer("DATE '2026-11-21'"))
    assert table.columns[0].cast(pa.int64()).to_pylist() == [1795219200 * 10**9]
