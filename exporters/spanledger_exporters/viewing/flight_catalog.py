"""Say what there is to be asked: the answers to Flight SQL's questions about the database.

The shapes of the answers are the protocol's. A ledger is one catalog with one schema, `main`, and
its tables are views.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from spanledger import __version__
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.viewing.asking import ask
from spanledger_exporters.viewing.flight_types import shown
from spanledger_exporters.viewing.flight_words import Word

_CATALOG: Final = "ledger"
_SCHEMA: Final = "main"
_VIEWS: Final = """\
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'main' AND table_catalog = current_database()
ORDER BY table_name
"""
_TEXT: Final = 0
_FLAG: Final = 1
_INFO: Final[tuple[tuple[int, int, Any], ...]] = (
    (0, _TEXT, "spanledger"),
    (1, _TEXT, __version__),
    (2, _TEXT, pa.__version__),
    (3, _FLAG, True),  # read-only
    (4, _FLAG, True),  # answers SQL
    (5, _FLAG, False),  # no Substrait
    (504, _TEXT, '"'),
)
"""SqlInfo's number, the member of the union its value is in, the value."""


def answer(ledger: Ledger, word: Word) -> pa.Table:
    """The table that answers a CommandGet… message."""
    if word.name == "CommandGetSqlInfo":
        return _sql_info()
    if word.name == "CommandGetCatalogs":
        return _rows({"catalog_name": False}, [(_CATALOG,)])
    if word.name == "CommandGetDbSchemas":
        rows = [(_CATALOG, _SCHEMA)] if _like(_SCHEMA, word.schema_pattern) else []
        return _rows({"catalog_name": True, "db_schema_name": False}, rows)
    if word.name == "CommandGetTableTypes":
        return _rows({"table_type": False}, [("VIEW",)])
    return _tables(ledger, word)


def _tables(ledger: Ledger, word: Word) -> pa.Table:
    here = _like(_SCHEMA, word.schema_pattern)
    views = ask(ledger, _VIEWS).column("table_name").to_pylist() if here else []
    named = [view for view in views if _like(view, word.table_pattern)]
    optional = {"catalog_name": True, "db_schema_name": True}
    columns = {**optional, "table_name": False, "table_type": False}
    table = _rows(columns, [(_CATALOG, _SCHEMA, view, "VIEW") for view in named])
    if not word.with_schema:
        return table
    schemas = [_schema(ledger, view).serialize().to_pybytes() for view in named]
    field = pa.field("table_schema", pa.binary(), nullable=False)
    return table.append_column(field, pa.array(schemas, pa.binary()))


def _schema(ledger: Ledger, view: str) -> Any:
    return shown(ask(ledger, f'SELECT * FROM "{view}" LIMIT 0')).schema


def _rows(columns: dict[str, bool], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    """Texts; `columns` says of each name whether the protocol lets it be NULL."""
    fields = [pa.field(name, pa.string(), nullable=null) for name, null in columns.items()]
    arrays = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(columns))]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _like(name: str, pattern: str) -> bool:
    """SQL's LIKE; no pattern is any name."""
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return not pattern or re.fullmatch("".join(parts), name, re.DOTALL) is not None


def _sql_info() -> pa.Table:
    """All of it, whatever was asked: the protocol lets a server say more."""
    texts = [value for _, member, value in _INFO if member == _TEXT]
    flags = [value for _, member, value in _INFO if member == _FLAG]
    members = [member for _, member, _ in _INFO]
    places = [members[:at].count(member) for at, member in enumerate(members)]
    children = {
        "string_value": pa.array(texts, pa.string()),
        "bool_value": pa.array(flags, pa.bool_()),
        "bigint_value": pa.array([], pa.int64()),
        "int32_bitmask": pa.array([], pa.int32()),
        "string_list": pa.array([], pa.list_(pa.string())),
        "int32_to_int32_list_map": pa.array([], pa.map_(pa.int32(), pa.list_(pa.int32()))),
    }
    values = pa.UnionArray.from_dense(
        pa.array(members, pa.int8()),
        pa.array(places, pa.int32()),
        list(children.values()),
        list(children),
    )
    names = pa.array([number for number, _, _ in _INFO], pa.uint32())
    fields = [
        pa.field("info_name", pa.uint32(), nullable=False),
        pa.field("value", values.type, nullable=False),
    ]
    return pa.Table.from_arrays([names, values], schema=pa.schema(fields))
