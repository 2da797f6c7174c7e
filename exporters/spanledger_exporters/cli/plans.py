"""`plans` and `plan`: what was planned, and how each step went."""

import sys
from typing import Annotated, Final

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.reading.formats import Format

_PLANS: Final = """
WITH histories AS (
  SELECT plan_id, step_id,
    list({'at': "at", 'status': status, 'title': title, 'revision': revision}
      ORDER BY "at", revision) AS history
  FROM plan_step_history
  WHERE $plan IS NULL OR plan_id = $plan
  GROUP BY plan_id, step_id
),
steps AS (
  SELECT s.plan_id,
    list({'step_id': s.step_id, 'position': s.position, 'title': s.title, 'status': s.status,
      'attempt': s.attempt, 'started_at': s.started_at, 'ended_at': s.ended_at,
      'duration_ms': s.duration_ms, 'output': s.output, 'error': s.error,
      'llm_calls': s.llm_calls, 'tool_calls': s.tool_calls, 'input_tokens': s.input_tokens,
      'output_tokens': s.output_tokens, 'cost_usd': s.cost_usd,
      'identity_source': s.identity_source, 'history': h.history}
      ORDER BY s.status = 'removed', s.position, s.started_at) AS steps
  FROM plan_steps AS s LEFT JOIN histories AS h USING (plan_id, step_id)
  WHERE $plan IS NULL OR s.plan_id = $plan
  GROUP BY s.plan_id
)
SELECT p.*, steps.steps
FROM plans AS p LEFT JOIN steps USING (plan_id)
WHERE ($plan IS NULL OR p.plan_id = $plan) AND ($session IS NULL OR p.session_id = $session)
ORDER BY p.started_at, p.plan_id
"""


def plans(
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="Only those of one session.")
    ] = None,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Show every plan with its steps and their histories."""
    show_plans(data, form, plan=None, session=session)


def plan(
    plan_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Show one plan: each step's history, time, tokens, cost, error."""
    from spanledger_exporters.cli.pick import the_one
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.settings import data_directory

    directory = data_directory(data)
    found = the_one(Ledger(directory), "plan", "plans", "plan_id", plan_id)
    show_plans(directory, form, plan=found, session=None)


def show_plans(data: Data, form: Format, *, plan: str | None, session: str | None) -> None:
    """Print plans with their steps: all, one, or those of one session."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.outline import print_plans
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    result = Ledger(data_directory(data)).sql(_PLANS, {"plan": plan, "session": session})
    if form is Format.TABLE:
        print_plans(result.rows(), sys.stdout)
    else:
        render(result, form, sys.stdout)
