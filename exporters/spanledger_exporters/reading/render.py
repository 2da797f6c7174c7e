"""Print rows: a table for people, JSON, CSV or Parquet for programs.

What is stored is other people's text: a table never lets a control character or markup of it
reach the terminal.
"""

import csv
import datetime as dt
import decimal
import json
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spanledger_exporters.errors import UsageError
from spanledger_exporters.reading.formats import Format
from spanledger_exporters.reading.ledger import Result

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_C1: Final = re.compile(r"[\x7f-\x9f]")
_LONGEST_CELL: Final = 200
_NARROWEST_COLUMN: Final = 10
_UNLIMITED: Final = 100_000
"""The width of a table that goes to a file."""


def render(result: Result, form: Format, out: TextIO) -> None:
    """Write the rows to `out`, which is usually stdout."""
    if form is Format.TABLE:
        _table(result, out)
    elif form is Format.JSON:
        _json_array(result, out)
    elif form is Format.JSONL:
        out.writelines(_json(row) + "\n" for row in result.rows())
    elif form is Format.CSV:
        _csv(result, out)
    else:
        _parquet(result, out)


def printable(text: str) -> str:
    r"""The text with control and direction-changing characters escaped: `\n`, `\x1b`, `\u202e`."""
    return _CONTROL.sub(lambda found: _escaped(found[0]), text)


def _escaped(char: str) -> str:
    return repr(char)[1:-1] if char.isascii() else f"\\u{ord(char):04x}"


def console_for(out: TextIO) -> Console:
    """A console that cuts to the terminal, or not at all where there is none."""
    width = None if out.isatty() else _UNLIMITED
    return Console(file=out, width=width, highlight=False, markup=False, emoji=False)


def cell(value: object) -> str:
    """One value as people read it; NULL is blank."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    text = value if isinstance(value, str) else _json(value) if _nested(value) else str(value)
    return printable(text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1] + "…")


def _nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _table(result: Result, out: TextIO) -> None:
    rows = [[cell(value) for value in row] for row in result.fetchall()]
    console = console_for(out)
    if _needed(result.columns, rows) > console.width:
        _blocks(console, result.columns, rows)
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    for field in result.table.schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        right = number or pa.types.is_decimal(field.type)
        table.add_column(
            Text(printable(field.name)), justify="right" if right else "left", no_wrap=True
        )
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _needed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """The least width in which a table of these columns can still be read."""
    widths = [
        min(_NARROWEST_COLUMN, max(map(len, (name, *values))))
        for name, *values in zip(columns, *rows, strict=True)
    ]
    return sum(widths) + 2 * len(widths)


def _blocks(console: Console, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One line a value: for rows with more columns than the terminal has room for."""
    margin = max(map(len, columns))
    for number, row in enumerate(rows, start=1):
        console.print(Text(f"-- row {number}", style="dim"), no_wrap=True, overflow="ellipsis")
        for name, value in zip(columns, row, strict=True):
            line = Text(f"{printable(name):>{margin}} ", style="bold").append(
                value, style="not bold"
            )
            console.print(line, no_wrap=True, overflow="ellipsis")


def _json_array(result: Result, out: TextIO) -> None:
    lines = [_json(row) for row in result.rows()]
    out.write("[" + ",\n ".join(lines) + "]\n")


def _json(value: Any) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False, default=_plain, allow_nan=False)
    # DEL and the C1 controls are legal in JSON and commands to a terminal.
    return _C1.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they are strings."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _plain(value: object) -> object:
    """What JSON and CSV have no type for: times in ISO 8601, bytes as hex, the rest as text."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def _csv(result: Result, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    safe = printable if out.isatty() else str
    writer.writerow([safe(name) for name in result.columns])
    writer.writerows([safe(_csv_field(value)) for value in row] for row in result.fetchall())


def _csv_field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or _nested(value):
        return _json(value)
    return str(value) if isinstance(value, int | float | decimal.Decimal) else str(_plain(value))


def _parquet(result: Result, out: TextIO) -> None:
    if out.isatty():
        raise UsageError("Parquet is not for terminals: add `> rows.parquet`")
    out.flush()
    pq.write_table(result.table, out.buffer)
