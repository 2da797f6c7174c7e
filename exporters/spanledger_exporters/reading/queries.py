"""Find the SQL that makes up the ledger and read it in the order it must be created."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[3] / "queries"
_SECTION: Final = re.compile(r"^-- gives: (\w+)\s*$", re.MULTILINE)
_LIKENESS: Final = re.compile(r"^-- gives: (\w+), as (\w+)\s*$", re.MULTILINE)
_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
_NARROW: Final = "planned_"
_NARROWED: Final = re.compile(r"\bplanned_(?=counted_|placed_)")
_WHOLE: Final = frozenset({"current_steps", "plan_stretches"})
"""What planned_traces is made from stays as it is."""
_TALKS: Final = {"call_talk": "asked_calls", "plan_talk": "asked_plans"}
_READ_FROM_TALK: Final = {
    "tool_calls": "SELECT * EXCLUDE (tie) FROM asked_calls",
    "plan_lists": "SELECT * FROM asked_plan_lists",
}
"""What any dialect gives whose only traces of tool calls are the messages of its model calls."""
_OF_FEW: Final[frozenset[str]] = frozenset(
    {"asked_calls", "asked_plan_lists", "replayed_steps", "todo_statements"}
)
"""Relations that most ledgers have nothing for; `dialects_sql` tells which have."""
SETTLED: Final = (
    "errors",
    "llm_calls",
    "plan_step_history",
    "plan_steps",
    "plans",
    "sessions",
    "tool_calls",
)
"""The views whose rows are written down for stories that are over."""
_WAKING: Final = ("story_links", "woken_stories", "woken_keys", "open_spans", "open_logs")
_RECORDS: Final = re.compile(r"\b(FROM|JOIN) (spans|logs)\b")
_OPEN: Final = r"\1 open_\2"
_TAIL: Final = r"\1 settled.tail_\2"
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
def macros_sql() -> tuple[Statement, ...]:
    """The macros that views and reports are written with."""
    root = queries_dir()
    names = (root / "schema" / "_order").read_text(encoding="utf-8").splitlines()
    files = (root / "schema" / name for name in names if not name.startswith("#"))
    return (_recognition(root), *map(_statement, files))


@lru_cache(8)
def views_sql(
    dialects: frozenset[str] | None = None, *, is_settled: bool = False
) -> tuple[Statement, ...]:
    """The macros and views on top of `spans`, `logs` and `metrics`.

    A view is one WITH chain of all it reads down to those three, so that DuckDB binds each of them
    once and not once for every path that leads to it. `dialects`: what `dialects_sql` found; what
    only others would give is left out, for DuckDB takes 10 to 20 ms to plan each SELECT that finds
    nothing. None stands for all. `is_settled`: part of the ledger is in the tables `settled.*`, and
    the views of SETTLED make only the rest of records.
    """
    root = queries_dir()
    relations = _relations(root, dialects)
    names = (_stem(file) for file in _sql_files(root / "ledger"))
    views = (
        _settled_view(name, relations) if is_settled and name in SETTLED else _view(name, relations)
        for name in names
    )
    return (*macros_sql(), *views)


def settling_sql(dialects: frozenset[str]) -> Iterator[Statement]:
    """The relations that SETTLED are made of as tables, each made once, for a database of its own.

    The macros, `spans` and `logs` must be there. What only picks columns of those stays a view.
    """
    found = _relations(queries_dir(), dialects)
    # Here everything is made once, and what is made of few traces alone would be made twice.
    relations = {name: _NARROWED.sub("", text) for name, text in found.items()}
    needed: dict[str, str] = {}
    for name in SETTLED:
        _gather(name, relations, needed)
    inputs = {_stem(file) for file in _sql_files(queries_dir() / "schema" / "inputs")}
    inputs |= {"spans", "logs"}
    for name, text in needed.items():
        kind = "VIEW" if name.removeprefix(_NARROW) in inputs else "TABLE"
        yield Statement(name, f"CREATE {kind} {name} AS\n{text}")


@cache
def dialects_sql(signal: str) -> str:
    """A SELECT of the dialects in `{records}`, and of the relations of few that have rows of them.

    The macros must be there.
    """
    event = "event_name" if signal == "logs" else "NULL"
    return f"""
        WITH source AS (
          SELECT DISTINCT scope_name, service_name, {event} AS event, span_kind, operation,
            tool_requests IS NOT NULL AS asks,
            plan_requests IS NOT NULL AS asks_plans,
            may_change_steps(plan_document, tool_name, plan_requests) AS changes,
            tool_name = 'sql' OR plan_requests LIKE '%"sql"%' AS states
          FROM {{records}}
        ),
        need AS (
          SELECT unnest([
            dialect_of(scope_name, service_name, event, span_kind, operation),
            CASE WHEN asks THEN 'asked_calls' END,
            CASE WHEN asks_plans THEN 'asked_plan_lists' END,
            CASE WHEN changes THEN 'replayed_steps' END,
            CASE WHEN states THEN 'todo_statements' END
          ]) AS name
          FROM source
        )
        SELECT DISTINCT name FROM need WHERE name IS NOT NULL"""


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


def _recognition(root: Traversable) -> Statement:
    """What each dialect's section `recognition`, a WHERE of its own, says of scope and service."""
    found = {
        _stem(file): _sections(file).get("recognition") for file in _sql_files(root / "dialects")
    }
    whens = (
        f"WHEN {where.removeprefix('WHERE ')} THEN '{dialect}'"
        for dialect, where in found.items()
        if where
    )
    cases = "\n".join(whens)
    return Statement(
        "recognition",
        "CREATE OR REPLACE MACRO library_dialect(scope_name, service_name, event_name) AS\n"
        f"CASE\n{cases}\nEND",
    )


def _view(name: str, relations: dict[str, str]) -> Statement:
    needed: dict[str, str] = {}
    _gather(name, relations, needed)
    parts = ",\n".join(f"{part} AS (\n{text}\n)" for part, text in needed.items())
    return Statement(
        name, f"CREATE OR REPLACE VIEW {name} AS\nWITH RECURSIVE {parts}\nSELECT * FROM {name}"
    )


def _settled_view(name: str, relations: dict[str, str]) -> Statement:
    """What is written down, and the same as ever of the records of stories that go on."""
    needed: dict[str, str] = {}
    _gather(name, relations, needed)
    parts = [f"{part} AS (\n{_RECORDS.sub(_OPEN, text)}\n)" for part, text in needed.items()]
    chain = ",\n".join([*_waking(), *parts])
    return Statement(
        name,
        f"CREATE OR REPLACE VIEW {name} AS\nWITH RECURSIVE {chain}\n"
        f"SELECT * FROM {name}\nUNION ALL BY NAME\n"
        f"SELECT * EXCLUDE (story) FROM settled.{name}\n"
        "WHERE story NOT IN (SELECT story FROM woken_stories)\n"
        "AND story NOT IN (SELECT story FROM settled.retired)",
    )


def settled_sql(name: str, records: str = r"\1 \2") -> str:
    """A relation of `queries/settled`, with its tables of records named as the pattern says."""
    return _RECORDS.sub(records, _body(queries_dir() / "settled" / f"{name}.sql"))


@cache
def _waking() -> tuple[str, ...]:
    """The first parts of a chain: which stories go on, and the records that are not settled."""
    texts = {name: settled_sql(name) for name in _WAKING}
    texts["story_links"] = settled_sql("story_links", _TAIL)
    once = {"woken_stories", "woken_keys"}
    return tuple(
        f"{name} AS {'MATERIALIZED ' if name in once else ''}(\n{text}\n)"
        for name, text in texts.items()
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


def _relations(root: Traversable, present: frozenset[str] | None) -> dict[str, str]:
    """Every SELECT by the name others read it by: inputs, kinds of records, ledger views."""
    schema, ledger = root / "schema", root / "ledger"
    folders = (schema / "inputs", ledger / "parts", ledger)
    relations = {_stem(file): _body(file) for folder in folders for file in _sql_files(folder)}
    dialects = {_stem(file): _sections(file) for file in _sql_files(root / "dialects")}
    followers = _followers(root)
    if present is not None:
        dialects = _of_present(dialects, followers, present)
    owned, placed = _body(schema / "owned.sql"), _body(schema / "placed.sql")
    for file in _sql_files(schema / "kinds"):
        kind = _stem(file)
        relations[f"dialect_{kind}"] = _union(kind, _body(file), dialects, followers)
        relations[f"owned_{kind}"] = re.sub(r"\breported\b", f"dialect_{kind}", owned)
        relations[f"placed_{kind}"] = re.sub(r"\bcounted\b", f"counted_{kind}", placed)
    asked = _body(schema / "asked.sql")
    for talk, calls in _TALKS.items():
        relations[calls] = re.sub(r"\btalk\b", talk, asked)
    if present is not None:
        relations = _without(_OF_FEW - present, relations)
    return relations


def _without(absent: frozenset[str], relations: dict[str, str]) -> dict[str, str]:
    """Leave out each arm of a union that takes all rows of something absent."""
    if not absent:
        return relations
    names = "|".join(sorted(absent))
    arm = re.compile(rf"\n *UNION ALL BY NAME\n *SELECT \*.* FROM (?:{names})\b")
    return {name: arm.sub("", text) for name, text in relations.items()}


def _union(
    kind: str,
    shape: str,
    dialects: dict[str, dict[str, str]],
    followers: dict[tuple[str, str], list[str]],
) -> str:
    """What all dialects give of one kind, on top of its empty shape.

    A dialect is a file of sections, each one SELECT under a line `-- gives: KIND`. Columns are
    matched by name, and what a dialect leaves out is NULL. A line `-- gives: KIND, as OTHER` says
    that the other dialect's SELECT, which has `dialect = 'OTHER'` and the column, holds for both:
    records are read once, not once for each that writes them the same way.
    """
    given = [f"SELECT CAST(NULL AS VARCHAR) AS dialect, * FROM (\n{shape}\n)"]
    for dialect, sections in dialects.items():
        alike = followers.get((kind, dialect))
        if alike and kind in sections:
            names = ", ".join(f"'{name}'" for name in (dialect, *alike))
            text = sections[kind].replace(f"dialect = '{dialect}'", f"dialect IN ({names})")
            given.append(f"SELECT * FROM (\n{text}\n)")
        elif kind in sections:
            given.append(f"SELECT '{dialect}' AS dialect, * FROM (\n{sections[kind]}\n)")
    if kind in _READ_FROM_TALK:
        given.append(_READ_FROM_TALK[kind])
    return "\nUNION ALL BY NAME\n".join(given)


def _of_present(
    dialects: dict[str, dict[str, str]],
    followers: dict[tuple[str, str], list[str]],
    present: frozenset[str],
) -> dict[str, dict[str, str]]:
    """Without the SELECTs that ask for records of a dialect of which there are none."""

    def may_find(dialect: str, kind: str, text: str) -> bool:
        writers = {dialect, *followers.get((kind, dialect), ())}
        return f"dialect = '{dialect}'" not in text or not present.isdisjoint(writers)

    return {
        dialect: {kind: text for kind, text in sections.items() if may_find(dialect, kind, text)}
        for dialect, sections in dialects.items()
    }


def _followers(root: Traversable) -> dict[tuple[str, str], list[str]]:
    """The dialects that write a kind of record as another one does, by kind and that other."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in _sql_files(root / "dialects"):
        for kind, model in _LIKENESS.findall(file.read_text(encoding="utf-8")):
            found.setdefault((kind, model), []).append(_stem(file))
    return found


def _sections(dialect: Traversable) -> dict[str, str]:
    _, *rest = _SECTION.split(_LIKENESS.sub("", dialect.read_text(encoding="utf-8")))
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
