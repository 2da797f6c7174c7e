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
_ONE: Final = """
SELECT s.*,
  (SELECT list({'plan_id': p.plan_id, 'goal': p.goal, 'status': p.status,
     'steps_done': p.steps_done, 'steps_total': p.steps_total} ORDER BY p.started_at)
   FROM plans AS p WHERE p.session_id = s.session_id) AS plan_list,
  (SELECT list({'model': c.model, 'calls': c.calls, 'input_tokens': c.input_tokens,
     'output_tokens': c.output_tokens} ORDER BY c.model)
   FROM (
     SELECT model, count(*) AS calls, sum(input_tokens) AS input_tokens,
       sum(output_tokens) AS output_tokens
     FROM llm_calls WHERE session_id = $id GROUP BY model
   ) AS c) AS models,
  (SELECT list({'tool': c.tool, 'calls': c.calls, 'failed': c.failed} ORDER BY c.tool)
   FROM (
     SELECT tool, count(*) AS calls, count(*) FILTER (NOT ok) AS failed
     FROM tool_calls WHERE session_id = $id GROUP BY tool
   ) AS c) AS tools
FROM sessions AS s
WHERE s.session_id = $id
"""


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
    """Show one session: its plans, its models, its tools."""
    from spanledger_exporters.cli.pick import the_one
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.outline import print_session
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    ledger = Ledger(data_directory(data))
    found = the_one(ledger, "session", "sessions", "session_id", session_id)
    result = ledger.sql(_ONE, {"id": found})
    if form is Format.TABLE:
        print_session(result.rows()[0], sys.stdout)
    else:
        render(result, form, sys.stdout)
