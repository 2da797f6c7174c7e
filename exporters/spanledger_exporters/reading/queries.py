"""Say the SQL that makes up the ledger, in the order it must run, and the canned questions."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources.abc import Traversable
from typing import Final

from spanledger_exporters.reading.relations import NARROW, gather, relations_of
from spanledger_exporters.reading.sqlfiles import body, queries_dir, sections, sql_files, stem

_NARROWED: Final = re.compile(r"\bplanned_(?=counted_|placed_)")
SETTLED: Final = (
    "errors",
    "llm_calls",
    "messages",
    "plan_step_history",
    "plan_steps",
    "plans",
    "sessions",
    "state_diffs",
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


@cache
def macros_sql() -> tuple[Statement, ...]:
    """The macros that views and reports are written with."""
    root = queries_dir()
    names = (root / "schema" / "_order").read_text(encoding="utf-8").splitlines()
    files = (root / "schema" / name for name in names if not name.startswith("#"))
    return (_recognition(root), *map(_statement, files))


def views_sql(
    dialects: frozenset[str] | None = None, awake: frozenset[str] | None = None
) -> tuple[Statement, ...]:
    """The macros and views on top of `spans`, `logs` and `metrics`.

    A view asks what the macro `sql_of_<view>` says. A SELECT in its place would be kept parsed, at
    nine times its length, for whoever opens the file to read through, and would have to be bound
    anew where now a text is replaced. The columns of a view are the same whatever its text.
    """
    return (*macros_sql(), *texts_sql(dialects, awake), *_views())


@lru_cache(8)
def texts_sql(
    dialects: frozenset[str] | None, awake: frozenset[str] | None
) -> tuple[Statement, ...]:
    """The macros that say each view's SELECT.

    It is one WITH chain of all that the view reads down to the three, so that DuckDB binds each of
    them once and not once for every path that leads to it. `dialects`: what `dialects_sql` found;
    what only others would give is left out, for DuckDB takes 10 to 20 ms to plan each SELECT that
    finds nothing. None stands for all.

    `awake`: part of the ledger is in the tables `settled.*`, and the views of SETTLED make only the
    rest, whose records are of these dialects. Where there is no rest they are what is settled.
    """
    root = queries_dir()
    relations = relations_of(root, dialects)
    rest = relations_of(root, awake) if awake else {}

    def text(name: str) -> str:
        if awake is None or name not in SETTLED:
            return _whole(name, relations)
        return _settled(name, rest) if awake else _written(name)

    return tuple(_told(f"sql_of_{name}", text(name)) for name in _view_names())


@cache
def _view_names() -> tuple[str, ...]:
    return tuple(stem(file) for file in sql_files(queries_dir() / "ledger"))


@cache
def _views() -> tuple[Statement, ...]:
    return tuple(
        Statement(name, f"CREATE OR REPLACE VIEW {name} AS FROM query(sql_of_{name}())")
        for name in _view_names()
    )


def _told(macro: str, text: str) -> Statement:
    literal = text.replace("'", "''")
    return Statement(macro, f"CREATE OR REPLACE MACRO {macro}() AS '{literal}'")


def settling_sql(dialects: frozenset[str]) -> Iterator[Statement]:
    """The relations that SETTLED are made of as tables, each made once, for a database of its own.

    The macros, `spans` and `logs` must be there. What only picks columns of those stays a view.
    """
    found = relations_of(queries_dir(), dialects)
    # Here everything is made once, and what is made of few traces alone would be made twice.
    relations = {name: _NARROWED.sub("", text) for name, text in found.items()}
    inputs = {stem(file) for file in sql_files(queries_dir() / "schema" / "inputs")}
    inputs |= {"spans", "logs"}
    for name, text in _needed(SETTLED, relations).items():
        kind = "VIEW" if name.removeprefix(NARROW) in inputs else "TABLE"
        yield Statement(name, f"CREATE {kind} {name} AS\n{text}")


@cache
def dialects_sql(signal: str, key: str = "NULL") -> str:
    """A SELECT of the dialects in `{records}`, and of the relations of few that have rows of them.

    One row per `key`, an expression over the records, and `name`. The macros must be there.
    """
    event = "event_name" if signal == "logs" else "NULL"
    return f"""
        WITH source AS (
          SELECT DISTINCT {key} AS key, scope_name, service_name, {event} AS event, span_kind,
            operation,
            tool_requests IS NOT NULL AS asks,
            plan_requests IS NOT NULL AS asks_plans,
            may_change_steps(plan_document, tool_name, plan_requests) AS changes,
            tool_name = 'sql' OR plan_requests LIKE '%"sql"%' AS states
          FROM {{records}}
        ),
        need AS (
          SELECT key, unnest([
            dialect_of(scope_name, service_name, event, span_kind, operation),
            CASE WHEN asks THEN 'asked_calls' END,
            CASE WHEN asks_plans THEN 'asked_plan_lists' END,
            CASE WHEN changes THEN 'replayed_steps' END,
            CASE WHEN states THEN 'todo_statements' END
          ]) AS name
          FROM source
        )
        SELECT DISTINCT key, name FROM need WHERE name IS NOT NULL"""


@cache
def reports() -> dict[str, Report]:
    """The canned questions by name."""
    folder = queries_dir() / "reports"
    return {report.name: report for report in map(_report, sql_files(folder))}


def quote_reserved(text: str) -> str:
    """The same SQL with a bare column name `at` in quotes.

    Several views have a column `at`, which DuckDB's grammar reserves (`AT (VERSION => 1)`). For
    text that a person typed and that did not parse; other words and quoted text stay untouched.
    """
    return _RESERVED.sub(lambda match: match[1] or '"at"', text)


def _recognition(root: Traversable) -> Statement:
    """What each dialect's section `recognition`, a WHERE of its own, says of scope and service."""
    found = {stem(file): sections(file).get("recognition") for file in sql_files(root / "dialects")}
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


def _needed(names: Iterable[str], relations: dict[str, str]) -> dict[str, str]:
    needed: dict[str, str] = {}
    for name in names:
        gather(name, relations, needed)
    return needed


def _whole(name: str, relations: dict[str, str]) -> str:
    """A view's SELECT, over all records."""
    needed = _needed([name], relations)
    parts = ",\n".join(f"{part} AS (\n{text}\n)" for part, text in needed.items())
    return f"WITH RECURSIVE {parts}\nSELECT * FROM {name}"


def _settled(name: str, relations: dict[str, str]) -> str:
    """What is written down, and the same as ever of the records of stories that go on."""
    needed = _needed([name], relations)
    parts = [f"{part} AS (\n{_RECORDS.sub(_OPEN, text)}\n)" for part, text in needed.items()]
    chain = ",\n".join([*_waking(), *parts])
    return (
        f"WITH RECURSIVE {chain}\nSELECT * FROM {name}\n"
        f"UNION ALL BY NAME\n{_written(name)}\n"
        "AND story NOT IN (SELECT story FROM woken_stories)"
    )


def _written(name: str) -> str:
    """What is written down alone."""
    return (
        f"SELECT * EXCLUDE (story) FROM settled.{name}\n"
        "WHERE story NOT IN (SELECT story FROM settled.retired)"
    )


def settled_sql(name: str, records: str = r"\1 \2") -> str:
    """A relation of `queries/settled`, with its tables of records named as the pattern says."""
    return _RECORDS.sub(records, body(queries_dir() / "settled" / f"{name}.sql"))


def settled_texts() -> list[str]:
    """All of `queries/settled`."""
    return [body(file) for file in sql_files(queries_dir() / "settled")]


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


def _statement(file: Traversable) -> Statement:
    return Statement(stem(file), file.read_text(encoding="utf-8"))


def _report(file: Traversable) -> Report:
    text = file.read_text(encoding="utf-8")
    first = text.split("\n", 1)[0]
    return Report(stem(file), first.removeprefix("-- ").partition(": ")[2], text)
