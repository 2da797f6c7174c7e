"""`sessions` and `session`: which runs there were."""

import sys
from typing import Annotated, Final

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.reading.formats import Format

_SHORT: Final = (
    "SELECT session_id, agent, dialect, status, started_at, duration_ms, plans, steps_done,"
    " steps_total, llm_calls, tool_calls, errors, input_tokens, output_tokens, cost_usd"
    " FROM sessions ORDER BY started_at, session_id"
)
_ALL: Final = "FROM sessions ORDER BY started_at, session_id"
_ONE: Final = "FROM sessions WHERE session_id = $id"
# One question each: all in one, as scalar subqueries, is more than DuckDB 1.5 can plan.
_LISTS: Final = {
    "plan_list": """
SELECT plan_id, goal, status, steps_done, steps_total
FROM plans
WHERE session_id = $id
ORDER BY started_at, plan_id
""",
    "models": """
SELECT model, count(*) AS calls, sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens
FROM llm_calls
WHERE session_id = $id
GROUP BY model
ORDER BY model
""",
    "tools": """
SELECT tool, count(*) AS calls, count(*) FILTER (NOT ok) AS failed
FROM tool_calls
WHERE session_id = $id
GROUP BY tool
ORDER BY tool
""",
    "messages": """
SELECT position, role, content, call_ids
FROM messages
WHERE session_id = $id
ORDER BY position
""",
}


def sessions(data: Data = None, form: Form = Format.TABLE) -> None:
    """List every session with its steps, calls, tokens and cost."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    text = _SHORT if form is Format.TABLE else _ALL
    render(Ledger(data_directory(data)).sql(text), form, sys.stdout)


def session(
    session_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Show one session: its plans, its models, its tools, what was said."""
    from spanledger_exporters.cli.pick import the_one
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.outline import print_session
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    ledger = Ledger(data_directory(data))
    found = the_one(ledger, "session", "sessions", "session_id", session_id)
    result = ledger.sql(_ONE, {"id": found})
    for name, text in _LISTS.items():
        result = result.with_list(name, ledger.sql(text, {"id": found}))
    if form is Format.TABLE:
        print_session(result.rows()[0], sys.stdout)
    else:
        render(result, form, sys.stdout)
