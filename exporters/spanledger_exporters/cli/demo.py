"""`demo`: a whole run in a second, from an agent's OTLP to its plan ledger."""

import sys
from pathlib import Path
from typing import Final

from spanledger_exporters.cli.options import Data

_COSTS: Final = """\
SELECT title, status, attempt, llm_calls, tool_calls, input_tokens, output_tokens,
  round(cost_usd, 5) AS cost_usd, round(duration_ms) AS duration_ms
FROM plan_steps
WHERE plan_id = '{plan}'
ORDER BY position"""


def demo(data: Data = None) -> None:
    """Record a small agent run over OTLP and show its plan ledger."""
    import secrets
    import tempfile

    from spanledger_exporters.demo import run_agent
    from spanledger_exporters.serving import collector
    from spanledger_exporters.settings import load

    directory = Path(tempfile.mkdtemp(prefix="spanledger-demo-")) if data is None else data
    name = f"fix-the-build-{secrets.token_hex(2)}"
    settings = load(
        data=directory, host="127.0.0.1", grpc_port=0, http_port=0, ui_port=0, jaeger_port="off"
    )
    with collector(settings) as running:
        print(f"spanledger: an agent sends OTLP to {running.grpc}", file=sys.stderr)
        run_agent(running.grpc, name)
    _show(settings.directory, name)


def _show(directory: Path, name: str) -> None:
    from spanledger_exporters.cli.plans import show_plans
    from spanledger_exporters.reading.formats import Format
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render

    costs = _COSTS.format(plan=name)
    print("What was planned, and how each step went:\n", flush=True)
    show_plans(directory, Format.TABLE, plan=name, session=None)
    print(f"\nWhat each step took, and the question that tells:\n\n{costs};\n", flush=True)
    render(Ledger(directory).sql(costs), Format.TABLE, sys.stdout)
    print(f"""
The ledger is in {directory}. Ask it more:

  spanledger plans --data {directory}
  spanledger sql "FROM llm_calls" --data {directory}
  duckdb -readonly {directory}/ledger.duckdb""")
