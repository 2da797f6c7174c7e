"""`dialects`: whose telemetry is understood, what each gives, and what to switch on for it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_exporters.cli.options import Form
from spanledger_exporters.errors import NotFoundError
from spanledger_exporters.reading.formats import Format

if TYPE_CHECKING:
    from spanledger_exporters.reading.dialects import Dialect
    from spanledger_exporters.reading.ledger import Result

Rows = list[dict[str, str | None]]


def dialects(
    name: Annotated[str | None, typer.Argument(help="Of a dialect, to see all of it.")] = None,
    form: Form = Format.TABLE,
) -> None:
    """List the dialects and what each gives: yes, partly, switched (off by default) or no."""
    from spanledger_exporters.reading import dialects as known
    from spanledger_exporters.reading.render import render

    found = known.dialects()
    if name is None:
        rows = [_row(dialect) for dialect in found.values()]
    elif name in found:
        rows = _parts(found[name])
    else:
        raise NotFoundError(f"there is no dialect {name}; there are: {', '.join(found)}")
    render(as_result(rows), form, sys.stdout)


def as_result(rows: Rows) -> "Result":
    """Rows that are no answer of a ledger, to be rendered as one."""
    import pyarrow as pa

    from spanledger_exporters.reading.ledger import Result

    return Result(pa.table({name: [row[name] for row in rows] for name in rows[0]}))


def _row(dialect: "Dialect") -> dict[str, str | None]:
    levels = {subject: str(given.level) for subject, given in dialect.given.items()}
    places = "; ".join(f"{place.name}: {place.settings}" for place in dialect.places)
    return {
        "dialect": dialect.name,
        "recognised_by": dialect.recognised_by,
        **levels,
        "init": dialect.target,
        "switches": places,
    }


def _parts(dialect: "Dialect") -> Rows:
    """One row a line of the header; `level` is of the subjects only."""
    rows: Rows = [
        {"part": "dialect", "level": None, "text": f"{dialect.name}: {dialect.about}"},
        {"part": "recognised by", "level": None, "text": dialect.recognised_by},
    ]
    rows += [
        {"part": subject, "level": given.level, "text": given.text}
        for subject, given in dialect.given.items()
    ]
    rows += [
        {"part": f"set in {place.name}", "level": None, "text": place.settings}
        for place in dialect.places
    ]
    if dialect.target:
        rows.append({"part": "init", "level": None, "text": f"spanledger init {dialect.target}"})
    if dialect.more:
        rows.append({"part": "more", "level": None, "text": dialect.more})
    return rows
