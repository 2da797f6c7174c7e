"""Time questions over a large ledger: one trace, the plans, each canonical view.

    python tests/benchmarks/queries.py [--spans 2000000] [--data DIR]

Fills DIR once (a temporary folder without it), then asks with a new connection each time, as a
person does; the median of five is quoted, after one to warm up.
"""

import argparse
import statistics
import tempfile
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path

import duckdb
from serving import machine
from workload import requests

from spanledger_exporters.receiving.intake import Receipt
from spanledger_exporters.storing.store import Store, StoreOptions

QUESTIONS = {
    "one trace": "SELECT * FROM spans WHERE trace_id = (SELECT getvariable('trace'))",
    "count of spans": "SELECT count(*) FROM spans",
    "plans": "SELECT * FROM plans",
    "plan_steps of one plan": "SELECT * FROM plan_steps WHERE plan_id = getvariable('plan')",
    "plan_steps": "SELECT * FROM plan_steps",
    "plan_step_history": "SELECT * FROM plan_step_history",
    "sessions": "SELECT * FROM sessions",
    "llm_calls, tokens by model": "SELECT model, sum(input_tokens) FROM llm_calls GROUP BY model",
    "tool_calls, failures by tool": "SELECT tool, count(*) FROM tool_calls WHERE NOT ok GROUP BY 1",
}


def fill(data: Path, spans: int) -> None:
    store = Store.open(data, StoreOptions(durability="write"))
    waiting: deque[Future[Receipt]] = deque()
    for payload in requests(spans):
        waiting.append(store.intake.submit("spans", payload))
        if len(waiting) > 16:
            waiting.popleft().result()
    store.publish(5)
    store.settle()
    store.close()


def ask(data: Path, question: str, trace: str, plan: str) -> tuple[float, float, int]:
    """Wall and CPU seconds, and rows."""
    wall, cpu = time.perf_counter(), time.process_time()
    with duckdb.connect(str(data / "ledger.duckdb"), read_only=True) as ledger:
        ledger.execute(f"SET VARIABLE trace = '{trace}'; SET VARIABLE plan = '{plan}'")
        ledger.execute("SET enable_progress_bar = false")
        rows = ledger.sql(
            question.replace("(SELECT getvariable('trace'))", f"'{trace}'")
        ).fetchall()
    return time.perf_counter() - wall, time.process_time() - cpu, len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=2_000_000)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = args.data or Path(folder)
        if not (data / "ledger.duckdb").exists():
            fill(data, args.spans)
        measure(data)


def measure(data: Path) -> None:
    with duckdb.connect(str(data / "ledger.duckdb"), read_only=True) as ledger:
        trace = ledger.sql("SELECT trace_id FROM spans OFFSET 1000 LIMIT 1").fetchall()[0][0]
        plan = ledger.sql("SELECT plan_id FROM plans LIMIT 1").fetchall()[0][0]
        (spans,) = ledger.sql("SELECT count(*) FROM spans").fetchall()[0]
    for name in ("segments", "journal"):
        size = sum(f.stat().st_size for f in (data / name).rglob("*") if f.is_file())
        print(f"{name:32} {size / spans:8.1f} bytes a span")
    print(f"machine: {machine()}, DuckDB {duckdb.__version__}, {spans:,} spans")
    for name, question in QUESTIONS.items():
        ask(data, question, trace, plan)
        runs = [ask(data, question, trace, plan) for _ in range(5)]
        wall = statistics.median(run[0] for run in runs) * 1e3
        cpu = statistics.median(run[1] for run in runs) * 1e3
        print(f"{name:32} {wall:8.0f} ms {cpu:8.0f} ms CPU {runs[0][2]:9,} rows")


if __name__ == "__main__":
    main()
