"""Rows look right in every format, and what they hold cannot harm a terminal."""

import datetime as dt
import io
import json
import re
from typing import TextIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.reading.formats import Format
from spanledger_exporters.reading.ledger import Result
from spanledger_exporters.reading.render import cell, printable, render

STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A text stream that says it is a terminal, of 80 columns as Rich assumes."""

    def isatty(self) -> bool:
        return True


def shown(result: Result, form: Format, out: TextIO | None = None) -> str:
    target = out or io.StringIO()
    render(result, form, target)
    assert isinstance(target, io.StringIO)
    return target.getvalue()


def table(**columns: list[object]) -> Result:
    return Result(pa.table(columns))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m\x7f", r"\u009b31m\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("ä € 日本 😀 [bold]", "ä € 日本 😀 [bold]"),
    ],
)
def test_control_characters_are_written_out(text: str, safe: str) -> None:
    assert printable(text) == safe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1e-09"),
        (dt.datetime(2026, 1, 2, 3, 4, 5, 678901), "2026-01-02 03:04:05.678"),  # noqa: DTZ001
        ({"a": [1, None]}, '{"a": [1, null]}'),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_a_cell_reads_well(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_table_prints_text_as_text() -> None:
    lines = shown(table(name=["[bold]x[/bold]", ":smile:"], n=[1, None]), Format.TABLE).splitlines()
    assert [line.split() for line in lines] == [["name", "n"], ["[bold]x[/bold]", "1"], [":smile:"]]


def test_a_terminal_gets_lines_no_longer_than_it_is_wide() -> None:
    wide = table(a=["x" * 150], b=["y" * 150])
    text = shown(wide, Format.TABLE, Terminal())
    assert max(len(STYLE.sub("", line)) for line in text.splitlines()) <= 80
    assert "…" in text


def test_too_many_columns_for_a_terminal_become_a_line_a_value() -> None:
    many = Result(pa.table({f"column_{n}": ["value"] for n in range(20)}))
    text = shown(many, Format.TABLE, Terminal())
    assert STYLE.sub("", text).startswith("-- row 1")
    assert len(text.splitlines()) == 21


def test_json_has_numbers_that_json_lacks_as_text() -> None:
    result = table(d=[float("nan")], t=[dt.datetime(2026, 1, 2)], b=[b"\x00\xff"])  # noqa: DTZ001
    assert json.loads(shown(result, Format.JSON)) == [
        {"d": "NaN", "t": "2026-01-02T00:00:00", "b": "00ff"}
    ]


def test_json_cannot_command_a_terminal() -> None:
    text = shown(table(t=["\x1b\x9b\x7f"]), Format.JSONL)
    assert not set(text[:-1]) & {chr(c) for c in (*range(32), *range(0x7F, 0xA0))}
    assert json.loads(text) == {"t": "\x1b\x9b\x7f"}


def test_csv_is_exact_in_a_file_and_harmless_on_a_terminal() -> None:
    result = table(t=['a"\n\x1b'], n=[None], l=[[1, 2]])
    assert shown(result, Format.CSV) == 't,n,l\n"a""\n\x1b",,"[1, 2]"\n'
    assert "\x1b" not in shown(result, Format.CSV, Terminal())


def test_parquet_goes_to_files_only() -> None:
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer)
    render(table(n=[1, 2]), Format.PARQUET, out)
    assert pq.read_table(io.BytesIO(buffer.getvalue())).to_pydict() == {"n": [1, 2]}
    with pytest.raises(UsageError, match=r"> rows\.parquet"):
        render(table(n=[1]), Format.PARQUET, Terminal())
