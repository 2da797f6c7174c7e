"""Measure the export of 100,000 rows of training data: seconds, of CPU too, and peak memory.

python tests/benchmarks/tuning.py [--rows N] [--format F]...
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from spanledger_exporters.storing.store import Store

CALLS = 10
"""Model calls a session: 8 reads between the making of the plan and the end of it."""
SESSIONS_A_REQUEST = 200
BEGIN_NS = 1_790_000_000_000_000_000
WORDS = [
    "parser",
    "cache",
    "lexer",
    "build",
    "deploy",
    "schema",
    "router",
    "queue",
    "worker",
    "index",
    "token",
    "layout",
]


Said = dict[str, object]


def todos(status: str) -> str:
    return json.dumps({"todos": [{"content": "Read all the files", "status": status}]})


def history(number: int) -> tuple[list[Said], list[list[Said]]]:
    """What is asked in a session, and for each call the answer and what the tool told."""
    about = " ".join(WORDS[(number * step + number // 12) % 12] for step in (1, 5, 7, 11))
    asked = f"Please look into the {about} of service {number:x} and tell what is wrong with it."
    begin: list[Said] = [{"role": "user", "parts": [{"type": "text", "content": asked}]}]
    turns: list[list[Said]] = []
    for call in range(CALLS - 1):
        name = "write_todos" if call in {0, CALLS - 2} else "read_file"
        path = json.dumps({"path": f"src/{number:x}/{call}.py"})
        status = "in_progress" if call == 0 else "completed"
        arguments = todos(status) if name == "write_todos" else path
        key = f"c{number:x}_{call}"
        part = {"type": "tool_call", "id": key, "name": name, "arguments": json.loads(arguments)}
        told = {"type": "tool_call_response", "id": key, "result": f"{about} {call} " * 12}
        turns.append([{"role": "assistant", "parts": [part]}, {"role": "tool", "parts": [told]}])
    last: Said = {
        "role": "assistant",
        "parts": [{"type": "text", "content": f"All {about} are well."}],
    }
    return begin, [*turns, [last]]


def pair(key: str, value: str | int) -> KeyValue:
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))


def requests(sessions: int) -> Iterator[bytes]:
    for first in range(0, sessions, SESSIONS_A_REQUEST):
        sent = ExportTraceServiceRequest()
        scope = sent.resource_spans.add().scope_spans.add()
        scope.scope.name = "benchmark"
        for number in range(first, min(sessions, first + SESSIONS_A_REQUEST)):
            said, turns = history(number)
            for call, turn in enumerate(turns):
                start = BEGIN_NS + number * 60_000_000_000 + call * 1_000_000_000
                attributes: dict[str, str | int] = {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "m",
                    "gen_ai.usage.input_tokens": 100,
                    "gen_ai.usage.output_tokens": 10,
                    "session.id": f"s{number:06d}",
                    "gen_ai.input.messages": json.dumps(said),
                    "gen_ai.output.messages": json.dumps(turn[:1]),
                }
                scope.spans.add(
                    trace_id=(number + 1).to_bytes(16),
                    span_id=(number * 100 + call + 1).to_bytes(8),
                    name="chat m",
                    start_time_unix_nano=start,
                    end_time_unix_nano=start + 500_000_000,
                    attributes=[pair(key, value) for key, value in attributes.items()],
                )
                said = said + turn
        yield sent.SerializeToString()


def fill(root: Path, rows: int) -> None:
    store = Store.open(root)
    try:
        for payload in requests(rows // CALLS):
            store.intake.submit("spans", payload).result()
        store.publish(60.0)
        store.settle()  # as an import does, and a server with time
    finally:
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--format", action="append")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "ledger"
        fill(root, chosen.rows)
        for form in chosen.format or ["prompt-completion", "trl-dpo", "trl-kto"]:
            out = Path(folder) / form / "rows.jsonl"
            words = ["export", "tuning", "--format", form, "--out", str(out), "--data", str(root)]
            began = time.monotonic()
            export = subprocess.Popen([sys.executable, "-m", "spanledger", *words])
            _, _, used = os.wait4(export.pid, 0)
            seconds, busy = time.monotonic() - began, used.ru_utime + used.ru_stime
            rows = sum(1 for _ in out.open("rb")) if out.exists() else 0
            took = f"{seconds:.1f} s, {busy:.1f} s of CPU"
            print(
                f"{form}: {rows:,} rows, {took}, peak {used.ru_maxrss / 1024:.0f} MiB", flush=True
            )


if __name__ == "__main__":
    main()
