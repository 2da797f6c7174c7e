"""`sql` and `query`: any question, and the canned ones."""

import sys
from typing import Annotated

import typer

from spanledger_exporters.cli.options import Data, Form
from spanledger_exporters.errors import UsageError
from spanledger_exporters.reading.formats import Format


def sql(
    text: Annotated[str, typer.Argument(help="The statement; `-` reads it from standard input.")],
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Run SQL on the ledger, read-only."""
    from spanledger_exporters.reading.ledger import Ledger
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    ledger = Ledger(data_directory(data))
    render(ledger.sql(sys.stdin.read() if text == "-" else text), form, sys.stdout)


def query(
    name: Annotated[str | None, typer.Argument(help="Which; without it, all are listed.")] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Narrow it, as its header says."),
    ] = None,
    data: Data = None,
    form: Form = Format.TABLE,
) -> None:
    """Run a canned query, or list them."""
    from spanledger_exporters.reading.ledger import Ledger, catalogue
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.settings import data_directory

    if name is None:
        render(catalogue(), form, sys.stdout)
        return
    variables = dict(map(_pair, values or []))
    render(Ledger(data_directory(data)).query(name, **variables), form, sys.stdout)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: write it as KEY=VALUE")
    return key, value
