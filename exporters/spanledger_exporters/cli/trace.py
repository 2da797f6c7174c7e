"""`trace`: the spans of one trace as a tree."""

import sys
from typing import Annotated, Final

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.reading.formats import Format

_SPANS: Final = """
SELECT trace_id, span_id, parent_span_id, name, service_name, started_at, ended_at, duration_ms,
  status_code, status_message, error_type, operation, model, tool_name, step_id, input_tokens,
  output_tokens, cost_usd
FROM spans
WHERE trace_id = $id
ORDER BY start_ns, span_id
"""


def trace(
    trace_id: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how it begins.")],
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Show the spans of one trace as a tree."""
    from spanledger_exporters.cli.pick import the_one
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.outline import print_trace
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    ledger = Ledger(data_directory(data))
    found = the_one(ledger, "trace", "spans", "trace_id", trace_id.lower())
    result = ledger.sql(_SPANS, {"id": found})
    if form is Format.TABLE:
        print_trace(result.rows(), sys.stdout)
    else:
        render(result, form, sys.stdout)
