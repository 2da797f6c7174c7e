"""Put together every SELECT that views are made of, by the name others read it by."""

import re
from importlib.resources.abc import Traversable
from typing import Final

from spanledger_exporters.reading.sqlfiles import body, followers, sections, sql_files, stem

_READ: Final = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")
NARROW: Final = "planned_"
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


def gather(name: str, relations: dict[str, str], needed: dict[str, str]) -> None:
    """Add a relation's SELECT to those needed, behind all that it reads."""
    text = _text(name, relations)
    for read in _READ.findall(text):
        if read not in needed and _text(read, relations):
            gather(read, relations, needed)
    needed[name] = text


def _text(name: str, relations: dict[str, str]) -> str:
    """A relation's SELECT; empty for what is none of ours.

    `planned_X` is X made from planned_spans and planned_logs alone: the few traces that matter to
    plans, so that the calls of all others are dropped before anything is done with them.
    """
    base = name.removeprefix(NARROW)
    if name in relations or base not in relations:
        return relations.get(name, "")
    text = relations[base]
    for read in {"spans", "logs", *relations}.intersection(_READ.findall(text)) - _WHOLE:
        text = re.sub(rf"\b{read}\b", NARROW + read, text)
    return text


def relations_of(root: Traversable, present: frozenset[str] | None) -> dict[str, str]:
    """Every SELECT by the name others read it by: inputs, kinds of records, ledger views.

    `present`: the dialects and relations of few that there are records for; None stands for all.
    """
    schema, ledger = root / "schema", root / "ledger"
    folders = (schema / "inputs", ledger / "parts", ledger)
    relations = {stem(file): body(file) for folder in folders for file in sql_files(folder)}
    dialects = {stem(file): sections(file) for file in sql_files(root / "dialects")}
    follow = followers(root)
    if present is not None:
        dialects = _of_present(dialects, follow, present)
    owned, placed = body(schema / "owned.sql"), body(schema / "placed.sql")
    for file in sql_files(schema / "kinds"):
        kind = stem(file)
        relations[f"dialect_{kind}"] = _union(kind, body(file), dialects, follow)
        relations[f"owned_{kind}"] = re.sub(r"\breported\b", f"dialect_{kind}", owned)
        relations[f"placed_{kind}"] = re.sub(r"\bcounted\b", f"counted_{kind}", placed)
    asked = body(schema / "asked.sql")
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
    follow: dict[tuple[str, str], list[str]],
) -> str:
    """What all dialects give of one kind, on top of its empty shape.

    A dialect is a file of sections, each one SELECT under a line `-- gives: KIND`. Columns are
    matched by name, and what a dialect leaves out is NULL. A line `-- gives: KIND, as OTHER` says
    that the other dialect's SELECT, which has `dialect = 'OTHER'` and the column, holds for both:
    records are read once, not once for each that writes them the same way.
    """
    given = [f"SELECT CAST(NULL AS VARCHAR) AS dialect, * FROM (\n{shape}\n)"]
    for dialect, texts in dialects.items():
        alike = follow.get((kind, dialect))
        if alike and kind in texts:
            names = ", ".join(f"'{name}'" for name in (dialect, *alike))
            text = texts[kind].replace(f"dialect = '{dialect}'", f"dialect IN ({names})")
            given.append(f"SELECT * FROM (\n{text}\n)")
        elif kind in texts:
            given.append(f"SELECT '{dialect}' AS dialect, * FROM (\n{texts[kind]}\n)")
    if kind in _READ_FROM_TALK:
        given.append(_READ_FROM_TALK[kind])
    return "\nUNION ALL BY NAME\n".join(given)


def _of_present(
    dialects: dict[str, dict[str, str]],
    follow: dict[tuple[str, str], list[str]],
    present: frozenset[str],
) -> dict[str, dict[str, str]]:
    """Without the SELECTs that ask for records of a dialect of which there are none."""

    def may_find(dialect: str, kind: str, text: str) -> bool:
        writers = {dialect, *follow.get((kind, dialect), ())}
        return f"dialect = '{dialect}'" not in text or not present.isdisjoint(writers)

    return {
        dialect: {kind: text for kind, text in texts.items() if may_find(dialect, kind, text)}
        for dialect, texts in dialects.items()
    }
