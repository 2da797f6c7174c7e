"""Put the commands together and turn errors into one line and an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from spanledger import __version__
from spanledger_exporters.cli import (
    ask,
    demo,
    dialects,
    doctor,
    errors,
    init,
    keeping,
    locks,
    plans,
    prices,
    running,
    serve,
    sessions,
    trace,
    tuning,
)
from spanledger_exporters.errors import LedgerError

app = typer.Typer(
    name="spanledger",
    help="The plan ledger for AI agents, in OpenTelemetry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 # typer hands it over so
    if asked:
        print(f"spanledger {__version__}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
]


@app.callback()
def _root(*, _version: _Version = False) -> None: ...


app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False}
)(running.run)
app.command("import")(keeping.import_)
app.command("query")(ask.query)
app.command("sql")(ask.sql)
app.command("sessions")(sessions.sessions)
app.command("session")(sessions.session)
app.command("plans")(plans.plans)
app.command("plan")(plans.plan)
app.command("trace")(trace.trace)
app.command("locks")(locks.locks)
app.command("errors")(errors.errors)
keeping.export.command("tuning")(tuning.export_tuning)
app.add_typer(keeping.export, name="export")
app.command("feedback")(tuning.feedback)
app.command("rebuild")(keeping.rebuild)
app.command("verify")(keeping.verify)
app.command("snapshot")(keeping.snapshot)
app.command("doctor")(doctor.doctor)
app.command("init")(init.init)
app.command("dialects")(dialects.dialects)
app.command("prices")(prices.prices)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 ok, 1 failure, 2 usage, 3 not found."""
    try:
        _run(arguments)
    except LedgerError as error:
        print(f"spanledger: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _run(arguments: Sequence[str] | None) -> None:
    try:
        app(args=arguments, prog_name="spanledger")
    finally:
        sys.stdout.flush()
