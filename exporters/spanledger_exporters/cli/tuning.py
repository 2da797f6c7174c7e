"""`export tuning`, `feedback`: what to learn from, and what people say of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_exporters.cli.keeping import fraction, note
from spanledger_exporters.cli.options import Data
from spanledger_exporters.errors import UsageError
from spanledger_exporters.tuning.options import Format

if TYPE_CHECKING:
    from spanledger_exporters.tuning.report import Report


_Form = Annotated[Format, typer.Option("--format", help="The shape of the rows.")]
_Out = Annotated[
    Path, typer.Option("--out", metavar="PATH", help="A .jsonl or .parquet file, or a folder.")
]
_Split = Annotated[
    str | None,
    typer.Option("--split", metavar="SHARES", help="`0.1` held out, `80/10/10`, `train=0.9,…`."),
]
_Seed = Annotated[int, typer.Option("--seed", help="Another seed, other splits.")]
_Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="A date or time (UTC), or 7d, 24h.")
]
_Outcome = Annotated[
    str | None,
    typer.Option("--outcome", metavar="STATUS,…", help="Only of plans that ended so."),
]
_MaxChars = Annotated[int | None, typer.Option("--max-chars", min=1, help="Leave longer rows out.")]
_Redact = Annotated[bool, typer.Option("--redact", help="Mask secrets, and count them.")]
_Verified = Annotated[
    bool, typer.Option("--verified", help="Only steps whose last tool call worked.")
]
_MinSuccess = Annotated[
    float,
    typer.Option("--min-success", min=0, max=1, help="Least share of tool calls that worked."),
]
_Consent = Annotated[
    str | None,
    typer.Option("--consent", metavar="LABEL", help="Only sessions with that consent."),
]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count.")]


def export_tuning(  # noqa: PLR0913 # one parameter an option
    form: _Form,
    out: _Out,
    data: Data = None,
    split: _Split = None,
    seed: _Seed = 0,
    since: _Since = None,
    outcome: _Outcome = None,
    max_chars: _MaxChars = None,
    *,
    redact: _Redact = False,
    verified: _Verified = False,
    min_success: _MinSuccess = 0.0,
    consent: _Consent = None,
    dry_run: _DryRun = False,
) -> None:
    """Write training data out of what worked and what did not, with a dataset card beside it."""
    import datetime as dt

    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.settings import data_directory
    from spanledger_exporters.tuning import options as read
    from spanledger_exporters.tuning.exporting import export

    options = read.Options(
        format=form,
        out=out,
        shares=read.shares(split),
        seed=seed,
        since=read.since(since, dt.datetime.now(dt.UTC)),
        outcomes=read.outcomes(outcome),
        max_chars=max_chars,
        redact=redact,
        verified=verified,
        min_success=min_success,
        consent=consent,
        dry_run=dry_run,
    )
    ledger = Ledger(data_directory(data))
    with fraction("exporting") as progress:
        report = export(ledger, options, progress)
    _tell(report)


def _tell(report: "Report") -> None:
    from spanledger_exporters.reading.render import printable

    if report.options.dry_run:
        _print_counts(report)
    for reason, count in report.refused.most_common():
        note(f"left out {count:,}: {printable(reason)}")
    if report.options.redact:
        note(f"{report.masked.total():,} secrets masked in {report.masked_rows:,} rows")
    note(f"{sum(report.rows.values()):,} rows from {report.sessions:,} sessions")
    for path in report.files[:5]:
        note(f"wrote {path}")
    if not sum(report.rows.values()):
        note("nothing fits: see docs/tuning.md for what each format needs")


def _print_counts(report: "Report") -> None:
    for name, rows in report.rows.items():
        print(f"{rows:,} rows for {name}")
    for reason, rows in report.counts.get("reason", {}).items():
        print(f"  {rows:,} {reason}")


def feedback(  # noqa: PLR0913, PLR0917 # one parameter an option
    session: Annotated[str | None, typer.Option("--session", metavar="ID")] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="ID")] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="ID|TITLE", help="A step of --plan.")
    ] = None,
    call: Annotated[
        str | None,
        typer.Option("--call", metavar="SPAN", help="A model call's span id, or TRACE:SPAN."),
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="WORD", help="good, bad, accept, reject, …")
    ] = None,
    score: Annotated[
        float | None, typer.Option("--score", help="A number; from 0.5 on is good.")
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="What is judged; the last one of a name counts.")
    ] = "quality",
    note_: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="Why; in your words.")
    ] = None,
    data: Data = None,
) -> None:
    """Judge a session, a plan, a step or a model call; exports of training data heed it."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.settings import load
    from spanledger_exporters.storing.store import StoreOptions
    from spanledger_exporters.tuning import judgements

    kind, target = _target(session, plan, step, call)
    said = judgements.Judgement(name, label, score, note_)
    settings = load(data=data)
    found = judgements.find(Ledger(settings.directory), kind, target, step)
    judgements.record(settings.directory, found, said, StoreOptions.of(settings))
    note(f"noted: {kind} {step or target} is {label if label is not None else score}")


def _target(
    session: str | None, plan: str | None, step: str | None, call: str | None
) -> tuple[str, str]:
    named = [
        (kind, name)
        for kind, name in (("session", session), ("plan", plan), ("call", call))
        if name is not None
    ]
    if len(named) != 1 or (step is not None and plan is None):
        raise UsageError("name one thing: --session ID, --plan ID [--step ID], or --call SPAN")
    return ("step", named[0][1]) if step is not None else named[0]
