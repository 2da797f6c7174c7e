"""Declare the options that many commands share."""

from pathlib import Path
from typing import Annotated

import typer

from spanledger_exporters.reading.formats import Format

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Data directory. Default: $SPANLEDGER_DATA, else ./.spanledger if it exists, else the"
        " user's data directory.",
    ),
]
Form = Annotated[Format, typer.Option("--format", help="How rows are printed.")]
