"""Describe an export in a dataset card: README.md beside it, as the Hugging Face Hub reads it."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from spanledger_exporters.errors import UsageError
from spanledger_exporters.tuning import files
from spanledger_exporters.tuning.options import Format, Options
from spanledger_exporters.tuning.report import Report

_MARK: Final = "<!-- written by spanledger export tuning -->"
_NAME: Final = "README.md"
_SIZES: Final = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
)
_ABOUT: Final = {
    Format.OPENAI: "Conversations with tools in OpenAI's chat format. An answer of weight 0 failed"
    " and was put right later on: it is context, not an example.",
    Format.TRL_SFT: "Conversations with tools for supervised fine-tuning with TRL.",
    Format.PROMPT_COMPLETION: "One row an answer: the conversation before it, and the answer.",
    Format.TRL_DPO: "Preference pairs: two answers to the same prompt.",
    Format.TRL_KTO: "Answers with a label: whether their step, plan or judge found them good.",
    Format.PLAN: "Requests, and the plans they led to, with how each step ended.",
    Format.ATIF: "Trajectories in the Agent Trajectory Interchange Format (ATIF-v1.7); plans are"
    " in `extra.plans`.",
    Format.STS: "Session traces (STS-Format): a header line, then a line a message.",
}


def place(options: Options) -> Path:
    """Where the card of an export is: beside its files."""
    folder = options.out if not options.out.suffix else options.out.parent
    return folder / _NAME


def check(options: Options) -> None:
    """Raise UsageError when somebody else's README is where the card would be."""
    path = place(options)
    if not options.dry_run and path.exists() and _MARK not in path.read_text(errors="replace"):
        raise UsageError(f"{path} is not a card of ours: export to a folder of its own")


def write(report: Report, places: Sequence[tuple[str, Path]]) -> Path:
    """Write the card; nothing in it depends on when or where it was written."""
    path = place(report.options)
    path.write_text("\n".join(_lines(report, path, places)) + "\n", encoding="utf-8")
    return path


def _lines(report: Report, path: Path, places: Sequence[tuple[str, Path]]) -> Iterator[str]:
    yield from _header(report, path, places)
    options = report.options
    yield from (_MARK, "", f"# {_title(options)}", "", _ABOUT[options.format], "")
    yield from _table("Splits", "split", report.rows)
    yield from _table("Why a row is here", "reason", report.counts.get("reason", {}))
    for name, what in (("dialect", "Sources"), ("model", "Models"), ("plan_status", "Plans")):
        yield from _table(what, name, report.counts.get(name, {}))
    yield from ("## Filters", "", *_filters(options), "")
    yield from _table("Left out", "what", report.refused)
    yield from _redaction(report)
    yield from ("## Schema", "", "| column | type |", "|---|---|", *_schema(options), "")


def _header(report: Report, path: Path, places: Sequence[tuple[str, Path]]) -> Iterator[str]:
    options = report.options
    total = sum(report.rows.values())
    size = next((name for limit, name in _SIZES if total < limit), "n>1M")
    yield from ("---", f"pretty_name: {json.dumps(_title(options))}", "license: unknown")
    yield from ("task_categories:", "- text-generation", "tags:", "- spanledger")
    yield from (f"- {options.format.value}", "size_categories:", f"- {size}", "configs:")
    yield from ("- config_name: default", "  data_files:")
    for name, file in places:
        where = Path(os.path.relpath(file, path.parent)).as_posix()
        where = where if file.suffix else f"{where}/*.json*".removeprefix("./")
        yield from (f"  - split: {name}", f"    path: {json.dumps(where)}")
    yield "---"


def _title(options: Options) -> str:
    return f"{options.format.value} from an agent's ledger"


def _table(title: str, column: str, counts: Mapping[str, int]) -> Iterator[str]:
    if not counts:
        return
    yield from (f"## {title}", "", f"| {column} | rows |", "|---|---:|")
    for name, count in _ordered(counts):
        yield f"| {_cell(name)} | {count:,} |"
    yield ""


def _ordered(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    if isinstance(counts, Counter):
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return list(counts.items())


def _cell(text: str) -> str:
    """Names come from telemetry: they may hold anything."""
    flat = " ".join(text.split())[:200]
    return flat.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _filters(options: Options) -> Iterator[str]:
    yield "- content once: the same in all but case, white space and ids is one row"
    yield "- nothing cut, hidden by its emitter, or with a tool call left unanswered"
    if options.since:
        yield f"- since {options.since} UTC"
    if options.outcomes:
        yield f"- plans that are {', '.join(sorted(options.outcomes))}"
    if options.max_chars is not None:
        yield f"- at most {options.max_chars:,} characters"
    if options.verified:
        yield "- steps whose last tool call worked"
    if options.min_success:
        yield f"- sessions in which at least {options.min_success:.0%} of tool calls worked"
    if options.consent is not None:
        yield f"- sessions with consent `{_cell(options.consent)}`"
    if options.shares:
        shares = ", ".join(f"{name} {share:.1%}" for name, share in options.shares)
        yield f"- splits {shares}, seed {options.seed}; a session, or a request much like another,"
        yield "  is on one side only"


def _redaction(report: Report) -> Iterator[str]:
    yield from ("## Redaction", "")
    if not report.options.redact:
        yield from ("Secrets were not looked for (`--redact`).", "")
        return
    total = report.masked.total()
    yield from (f"{total:,} secrets masked in {report.masked_rows:,} rows.", "")
    yield from _table("Secrets masked", "rule", +report.masked)


def _schema(options: Options) -> Iterator[str]:
    json_columns = {"tools", "trajectory"} if not options.is_parquet else set[str]()
    for column in files.SCHEMAS[options.format]:
        if column.name != "provenance" or files.has_provenance(options):
            kind = "JSON" if column.name in json_columns else str(column.type)
            yield f"| {column.name} | `{kind}` |"
