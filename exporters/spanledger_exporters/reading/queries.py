"""Find the SQL that makes up the ledger and read it in the order it must be created."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[3] / "queries"
_SECTION: Final = re.compile(r"^-- gives: (\w+)\s*$", re.MULTILINE)
_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
_NARROW: Final = "planned_"
_WHOLE: Final = frozenset({"current_steps", "plan_stretches"})
"""What planned_traces is made from stays as it is."""
_RESERVED: Final = re.compile(
    r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/)|(?<![\w.$])(at)(?![\w$])(?!\s*\()""",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL to run in `ledger.duckdb`; `name` says which file it is from."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A canned question: one SELECT under a comment whose first line is `header`."""

    name: str
    header: str
    text: str


def queries_dir() -> Traversable:
    """The SQL folder: inside the installed package, else the checkout's."""
    shipped = files("spanledger_exporters") / "queries"
    return shipped if shipped.is_dir() else _CHECKOUT


@cache
def views_sql() -> tuple[Statement, ...]:
    """The macros and views on top of `spans`, `logs` and `metrics`.

    A view is one WITH chain of all it reads down to those three, so that DuckDB binds each of them
    once and not once for every path that leads to it.
    """
    root = queries_dir()
    relations = _relations(root)
    macros = (root / "schema" / "_order").read_text(encoding="utf-8").splitlines()
    return (
        *(_statement(root / "schema" / line) for line in macros if not line.startswith("#")),
        *(_view(_stem(file), relations) for file in _sql_files(root / "ledger")),
    )


@cache
def reports() -> dict[str, Report]:
    """The canned questions by name."""
    folder = queries_dir() / "reports"
    return {report.name: report for report in map(_report, _sql_files(folder))}


def quote_reserved(text: str) -> str:
    """The same SQL with a bare column name `at` in quotes.

    Several views have a column `at`, which DuckDB's grammar reserves (`AT (VERSION => 1)`). For
    text that a person typed and that did not parse; other words and quoted text stay untouched.
    """
    return _RESERVED.sub(lambda match: match[1] or '"at"', text)


def _view(name: str, relations: dict[str, str]) -> Statement:
    needed: dict[str, str] = {}
    _gather(name, relations, needed)
    parts = ",\n".join(f"{part} AS (\n{text}\n)" for part, text in needed.items())
    return Statement(
        name, f"CREATE OR REPLACE VIEW {name} AS\nWITH RECURSIVE {parts}\nSELECT * FROM {name}"
    )


def _gather(name: str, relations: dict[str, str], needed: dict[str, str]) -> None:
    text = _text(name, relations)
    for read in _READ.findall(text):
        if read not in needed and _text(read, relations):
            _gather(read, relations, needed)
    needed[name] = text


def _text(name: str, relations: dict[str, str]) -> str:
    """A relation's SELECT; empty for what is none of ours.

    `planned_X` is X made from planned_spans and planned_logs alone: the few traces that matter to
    plans, so that the calls of all others are dropped before anything is done with them.
    """
    base = name.removeprefix(_NARROW)
    if name in relations or base not in relations:
        return relations.get(name, "")
    text = relations[base]
    for read in {"spans", "logs", *relations}.intersection(_READ.findall(text)) - _WHOLE:
        text = re.sub(rf"\b{read}\b", _NARROW + read, text)
    return text


def _relations(root: Traversable) -> dict[str, str]:
    """Every SELECT by the name others read it by: inputs, kinds of records, ledger views."""
    schema, ledger = root / "schema", root / "ledger"
    folders = (schema / "inputs", ledger / "parts", ledger)
    relations = {_stem(file): _body(file) for folder in folders for file in _sql_files(folder)}
    dialects = {_stem(file): _sections(file) for file in _sql_files(root / "dialects")}
    owned, placed = _body(schema / "owned.sql"), _body(schema / "placed.sql")
    for file in _sql_files(schema / "kinds"):
        kind = _stem(file)
        relations[f"dialect_{kind}"] = _union(kind, _body(file), dialects)
        relations[f"owned_{kind}"] = re.sub(r"\breported\b", f"dialect_{kind}", owned)
        relations[f"placed_{kind}"] = re.sub(r"\bcounted\b", f"counted_{kind}", placed)
    return relations


def _union(kind: str, shape: str, dialects: dict[str, dict[str, str]]) -> str:
    """What all dialects give of one kind, on top of its empty shape.

    A dialect is a file of sections, each one SELECT under a line `-- gives: KIND`. Columns are
    matched by name, and what a dialect leaves out is NULL.
    """
    given = (
        f"SELECT '{dialect}' AS dialect, * FROM (\n{sections[kind]}\n)"
        for dialect, sections in dialects.items()
        if kind in sections
    )
    return "\nUNION ALL BY NAME\n".join((shape, *given))


def _sections(dialect: Traversable) -> dict[str, str]:
    _, *rest = _SECTION.split(dialect.read_text(encoding="utf-8"))
    return {
        kind: text.strip().rstrip(";") for kind, text in zip(rest[::2], rest[1::2], strict=True)
    }


def _statement(file: Traversable) -> Statement:
    return Statement(_stem(file), file.read_text(encoding="utf-8"))


def _body(file: Traversable) -> str:
    return _without_comments(file.read_text(encoding="utf-8"))


def _without_comments(text: str) -> str:
    """Comments would only lengthen each view's text; the files are the place to read them."""
    return "\n".join(line for line in text.splitlines() if line and not line.startswith("--"))


def _sql_files(folder: Traversable) -> list[Traversable]:
    found = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return sorted(found, key=lambda file: file.name)


def _stem(file: Traversable) -> str:
    return file.name.removesuffix(".sql")


def _report(file: Traversable) -> Report:
    text = file.read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    return Report(_stem(file), first.removeprefix("-- ").partition(": ")[2], text)
