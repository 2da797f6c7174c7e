"""Hold the ledger against captures whose truth is known, and write down what each tells.

    python tests/benchmarks/captures.py DIR tests/docs/captures.csv

A capture is DIR/**/NAME.expected.json, the truth, beside NAME.<signal>.otlp.jsonl, the telemetry.
Each is imported once. The table of docs/dialects.md is made from the CSV.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from spanledger_exporters.importing import import_files
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store

SIGNALS: Final = ("traces", "logs", "metrics")
OURS: Final = {
    "pending": "queued",
    "in_progress": "running",
    "completed": "done",
    "deleted": "removed",
}
"""Clients' words for a step's status in ours; those not here are the same."""


@dataclass(frozen=True, slots=True)
class Row:
    """One capture: what the ledger has of what there was (`3 of 4`), and what never came, why."""

    capture: str
    client: str
    dialects: str
    sessions: str
    llm_calls: str
    tool_calls: str
    steps: str
    tokens: str
    errors: str
    missing: str


def main() -> None:
    """Measure all captures below a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captures", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    truths = sorted(given.captures.rglob("*.expected.json"))
    with given.out.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for path in truths:
            truth = json.loads(path.read_text(encoding="utf-8"))
            if truth["llm_calls"]:
                writer.writerow(asdict(_measured(path, truth)))
                out.flush()


def _measured(path: Path, truth: dict[str, Any]) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        name = path.name.removesuffix(".expected.json")
        import_files(store.intake, _files(path.parent, name))
        store.publish(5)
        store.close()
        return _row(f"{path.parent.name}/{name}", truth, Ledger(folder))


def _files(folder: Path, name: str) -> list[Path]:
    names = [f"{name}.{signal}.otlp.jsonl{end}" for signal in SIGNALS for end in ("", ".gz")]
    return [folder / each for each in names if (folder / each).exists()]


def _row(capture: str, truth: dict[str, Any], ledger: Ledger) -> Row:
    (calls,) = ledger.sql("""
        SELECT coalesce(count_if(error IS NULL), 0) AS answered,
          coalesce(count_if(error IS NOT NULL), 0) AS failed,
          coalesce(sum(input_tokens), 0) AS input, coalesce(sum(output_tokens), 0) AS output,
          sum(cache_read_tokens) AS cached, sum(reasoning_tokens) AS reasoning
        FROM llm_calls""").rows()
    (tools,) = ledger.sql(
        "SELECT count(*) AS n, coalesce(count_if(NOT ok), 0) AS failed FROM tool_calls"
    ).rows()
    said = ledger.sql("SELECT DISTINCT session_id FROM sessions ORDER BY ALL").fetchall()
    spoken = ledger.sql("""
        SELECT DISTINCT dialect FROM llm_calls UNION SELECT DISTINCT dialect FROM tool_calls
        ORDER BY ALL""").fetchall()
    known = sum((name,) in said for name in truth["session_ids"])
    errors = len([call for call in truth["tool_calls"] if call["ok"] is False])
    return Row(
        capture=capture,
        client=truth["version"].split(", ")[0],
        dialects=", ".join(name for (name,) in spoken),
        sessions=f"{known} of {len(truth['session_ids'])}" if truth["session_ids"] else "none told",
        llm_calls=f"{calls['answered']} of {truth['llm_calls'] + truth['side_calls']}",
        tool_calls=f"{tools['n']} of {len(truth['tool_calls'])}",
        steps=f"{_steps(truth, ledger)} of {len(truth['plan_steps'])}",
        tokens=f"{calls['input']} in, {calls['output']} out",
        errors=f"{tools['failed'] + calls['failed']} of {errors + truth['failed_calls']}",
        missing="; ".join(_missing(truth, calls, tools)),
    )


def _steps(truth: dict[str, Any], ledger: Ledger) -> int:
    """How many steps went through the statuses that they should have."""
    runs: dict[tuple[str, str], list[str]] = {}
    titles: dict[str, set[tuple[str, str]]] = {}
    for plan, step, title, status in ledger.sql("""
        SELECT plan_id, step_id, title, status FROM plan_step_history
        ORDER BY "at", revision, position""").fetchall():
        run = runs.setdefault((plan, step), [])
        titles.setdefault(title, set()).add((plan, step))
        if status != "removed" and run[-1:] != [status]:
            run.append(status)

    def is_right(step: dict[str, Any]) -> bool:
        wanted = [OURS.get(word, word) for word in step["statuses"]]
        # A renamed step keeps its identity: its run may begin under the old title.
        return any(runs[key][-len(wanted) :] == wanted for key in titles.get(step["title"], ()))

    return sum(map(is_right, truth["plan_steps"]))


def _missing(truth: dict[str, Any], calls: dict[str, Any], tools: dict[str, Any]) -> Iterator[str]:
    """What the telemetry itself does not carry, and why."""
    visible, lost = truth["visible"], truth["lost"]
    found, _, wanted = visible["plan_titles"].partition("/")
    untold = [call for call in truth["tool_calls"] if call["name"] not in visible["tool_names"]]
    if not calls["answered"]:
        yield f"all {truth['llm_calls']} model calls: the instrumentation makes no records of them"
    if 0 < calls["answered"] < truth["llm_calls"] + truth["side_calls"]:
        yield f"{lost['llm_calls']} model call: the client ended before it was sent"
    if untold:
        yield f"{len(untold)} tool calls: content is off, and the client has no spans of them"
    elif found != wanted:
        yield "the plan: content is off"
    yield from _untold_tokens(truth, calls)
    if not truth["session_ids"]:
        yield "a session: the client names none, the trace stands for it"
    silent = _failed(truth["tool_calls"]) - int(tools["failed"])
    if silent > 0 and not untold:
        yield f"{silent} failed tool calls: reported as successes, or in texts that are not sent"


def _failed(calls: Sequence[dict[str, Any]]) -> int:
    return sum(call["ok"] is False for call in calls)


def _untold_tokens(truth: dict[str, Any], calls: dict[str, Any]) -> Iterator[str]:
    if not calls["answered"]:
        return
    if truth["cached_tokens"] and not calls["cached"]:
        yield "cached tokens: the client does not count them apart"
    if truth["reasoning_tokens"] and not calls["reasoning"]:
        yield "reasoning tokens: the client does not count them apart"


if __name__ == "__main__":
    main()
