"""`locks`: who has which lock, who waits for it, and for whom it was waited how long."""

import sys
from typing import Annotated, Final

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.reading.formats import Format

_LOCKS: Final = """
WITH held AS (
  SELECT lock_key, count(*) AS holds, sum(hold_ms) AS hold_ms,
    string_agg(owner, ', ' ORDER BY "at") FILTER (WHERE event = 'held') AS held_by,
    max("at") AS last_at
  FROM lock_holders
  GROUP BY lock_key
),
waited AS (
  SELECT lock_key, count(*) AS waits, count_if(event = 'waiting') AS waiting,
    count_if(event IN ('timed_out', 'denied', 'cancelled')) AS given_up, sum(wait_ms) AS wait_ms,
    max("at") AS last_at
  FROM lock_waits
  GROUP BY lock_key
)
SELECT coalesce(held.lock_key, waited.lock_key) AS lock_key, held.held_by,
  coalesce(waited.waiting, 0) AS waiting, coalesce(held.holds, 0) AS holds,
  coalesce(waited.waits, 0) AS waits, coalesce(waited.given_up, 0) AS given_up,
  waited.wait_ms, held.hold_ms, greatest(held.last_at, waited.last_at) AS last_at
FROM held FULL JOIN waited ON waited.lock_key = held.lock_key
ORDER BY waited.wait_ms DESC NULLS LAST, lock_key
"""
_WAITING: Final = """
SELECT lock_key, owner AS waiter, "at" AS since, holder, holder_since, holder_operation, operation,
  queue_position, plan_id, step_id, holder_plan_id, holder_step_id, lock_id, holder_id
FROM lock_waits
WHERE event = 'waiting'
ORDER BY "at", lock_key, lock_id
"""


def locks(
    *,
    waiting: Annotated[
        bool, typer.Option("--waiting", help="Only who waits now, and for whom.")
    ] = False,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Show each lock: who holds it, who waits, how long it was waited for and held."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    result = Ledger(data_directory(data)).sql(_WAITING if waiting else _LOCKS)
    render(result, form, sys.stdout)
