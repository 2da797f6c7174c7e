"""`init`: ready configuration for agents, the Collector, Jaeger and Grafana."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_exporters.cli.dialects import Rows, as_result
from spanledger_exporters.cli.options import Form
from spanledger_exporters.errors import UsageError
from spanledger_exporters.reading.formats import Format

if TYPE_CHECKING:
    from spanledger_exporters.configuring import Configuration
    from spanledger_exporters.shipped import Setup


def init(
    program: Annotated[
        str | None,
        typer.Argument(help="Who is to send here, or to show it. Without one: a list of them."),
    ] = None,
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Add it to the agent's own settings file.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to write the files for a program."),
    ] = None,
    grpc_port: Annotated[int | None, typer.Option(help="Of `spanledger serve`.")] = None,
    http_port: Annotated[int | None, typer.Option(help="Of `spanledger serve`.")] = None,
    form: Form = Format.TABLE,
) -> None:
    """Print, or write, the settings with which a program sends its telemetry here or shows it."""
    from spanledger_exporters import configuring, shipped
    from spanledger_exporters.receiving.addresses import host_port
    from spanledger_exporters.settings import load

    if program is None:
        _list(form)
        return
    settings = load(grpc_port=grpc_port, http_port=http_port)
    if program in shipped.SETUPS:
        _set_up(shipped.SETUPS[program](settings), out)
        return
    if program not in configuring.targets():
        known = ", ".join([*configuring.targets(), *shipped.SETUPS])
        raise UsageError(f"there is no configuration for {program}; there is for: {known}")
    endpoints = configuring.Endpoints(
        grpc=f"http://{host_port(settings.host, settings.grpc_port)}",
        http=f"http://{host_port(settings.host, settings.http_port)}",
    )
    configuration = configuring.configuration(program, endpoints)
    if write:
        path = configuring.write(configuration, Path.home())
        print(f"spanledger: wrote {path}", file=sys.stderr)
        _tell(configuration.variables)
        return
    _print(configuration)


def _print(configuration: "Configuration") -> None:
    print(configuration.text, end="")
    place = f"~/{configuration.file}" if configuration.file else "the agent's environment"
    remark = f"; {configuration.remark}" if configuration.remark else ""
    print(f"spanledger: this belongs into {place}{remark}", file=sys.stderr)
    _tell(configuration.variables)


def _tell(variables: tuple[str, ...]) -> None:
    if variables:
        print(f"spanledger: set in its environment: {' '.join(variables)}", file=sys.stderr)


def _list(form: Format) -> None:
    from spanledger_exporters.configuring import targets
    from spanledger_exporters.reading.render import render
    from spanledger_exporters.shipped import SETUPS

    rows: Rows = [
        {"program": name, "dialect": found.name, "set_in": ", ".join(p.name for p in found.places)}
        for name, found in targets().items()
    ]
    rows += [{"program": name, "dialect": None, "set_in": "files of its own"} for name in SETUPS]
    render(as_result(rows), form, sys.stdout)


def _set_up(setup: "Setup", out: Path | None) -> None:
    from spanledger_exporters import shipped

    if out is None:
        print(setup.files[setup.first], end="")
        others = ", ".join(str(name) for name in setup.files if name != setup.first)
        more = f"; --out DIR writes it and {others}" if others else ""
        print(f"spanledger: this is {setup.first}{more}", file=sys.stderr)
    else:
        for path in shipped.write(setup, out):
            print(f"spanledger: wrote {path}", file=sys.stderr)
    print(f"spanledger: {setup.remark}", file=sys.stderr)
