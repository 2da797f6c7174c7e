"""`errors`: what went wrong, and of one error everything that is known."""

import sys
from typing import Annotated, Final

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.errors import NotFoundError
from spanledger_exporters.reading.formats import Format

_SHORT: Final = (
    'SELECT "at", session_id, agent, type, message, code_function, plan_id, step_id, span_id'
)
_FROM: Final = """
FROM errors
WHERE $id IS NULL OR starts_with(session_id, $id) OR starts_with(trace_id, $id)
  OR starts_with(span_id, $id)
ORDER BY "at", trace_id, span_id
"""


def errors(
    id_: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Of a session, trace or span; its beginning will do."),
    ] = None,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """List what went wrong; with an ID, all that is known: stack, variables, causes."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    is_short = form is Format.TABLE and id_ is None
    text = (_SHORT if is_short else "") + _FROM
    result = Ledger(data_directory(data)).sql(text, {"id": id_})
    if id_ is not None and not result.rows():
        raise NotFoundError(f"there is no error in a session, trace or span {id_}")
    render(result, form, sys.stdout)
