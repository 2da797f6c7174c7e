"""Write the generated parts of docs/dialects.md: what dialect files say, what captures tell.

A part stands between `<!-- NAME -->` and `<!-- end of NAME -->`; what is around them is written by
hand.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from spanledger_exporters.reading.dialects import SUBJECTS, Dialect, Level, dialects

CAPTURES: Final = Path(__file__).parent / "captures.csv"
_MARKS: Final = {Level.YES: "yes", Level.PARTLY: "partly", Level.SWITCHED: "switch", Level.NO: "no"}
_HEADS: Final = {
    "capture": "capture",
    "client": "client",
    "dialects": "dialect",
    "sessions": "sessions",
    "llm_calls": "model calls",
    "tool_calls": "tool calls",
    "steps": "steps' statuses",
    "tokens": "tokens",
    "errors": "errors",
    "missing": "not in the telemetry, and why",
}


def written(page: str) -> str:
    """The page with its generated parts made anew."""
    parts = {"overview": _overview(), "dialects": _each(), "captures": _captures()}
    for name, lines in parts.items():
        mark, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if page.count(mark) != 1 or page.count(end) != 1:
            raise ValueError(f"the page must have one {mark} and one {end}")
        before, _, rest = page.partition(mark)
        after = rest.partition(end)[2]
        page = before + "\n".join([mark, *lines, end]) + after
    return page


def _overview() -> Iterator[str]:
    yield from _head(["dialect", *(subject.replace("_", " ") for subject in SUBJECTS), "init"])
    for found in dialects().values():
        marks = (_MARKS[found.given[subject].level] for subject in SUBJECTS)
        target = f"`{found.target}`" if found.target else ""
        yield _line([f"[`{found.name}`](#{found.name})", *marks, target])


def _each() -> Iterator[str]:
    for found in dialects().values():
        yield from ("", f"### {found.name}", "", found.about[0].upper() + found.about[1:], "")
        yield from _lines_of(found)
    yield ""


def _lines_of(found: Dialect) -> Iterator[str]:
    yield f"- **Recognised by** {found.recognised_by}"
    for subject, given in found.given.items():
        told = f", {given.text}" if given.text else ""
        yield f"- **{subject.replace('_', ' ').capitalize()}**: {given.level}{told}"
    for place in found.places:
        yield f"- **Set in {place.name}**: {_code(place.name, place.settings)}"
    if found.target:
        yield f"- **Or** `spanledger init {found.target}`"
    if found.more:
        yield f"- {found.more}"


def _code(place: str, settings: str) -> str:
    return settings if place == "nothing" else f"`{settings}`"


def _captures() -> Iterator[str]:
    yield from _head(list(_HEADS.values()))
    with CAPTURES.open(encoding="utf-8", newline="") as rows:
        ordered = sorted(csv.DictReader(rows), key=lambda row: row["capture"])
    for row in ordered:
        yield _line([row[key] for key in _HEADS])


def _head(names: list[str]) -> Iterator[str]:
    yield _line(names)
    yield _line(["---"] * len(names))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
