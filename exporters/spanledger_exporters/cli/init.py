"""`init`: ready configuration for agents, the Collector, Jaeger and Grafana."""

import enum
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from spanledger_exporters.shipped import Setup


class Program(enum.StrEnum):
    """Whose configuration."""

    CODEX = "codex"
    CLAUDE_CODE = "claude-code"
    GEMINI = "gemini"
    SDK = "sdk"
    COLLECTOR = "collector"
    JAEGER = "jaeger"
    GRAFANA = "grafana"


def init(
    program: Annotated[Program, typer.Argument(help="Who is to send here, or to show it.")],
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
) -> None:
    """Print, or write, the settings with which a program sends its telemetry here or shows it."""
    from spanledger_exporters import configuring, shipped
    from spanledger_exporters.receiving.addresses import host_port
    from spanledger_exporters.settings import load

    settings = load(grpc_port=grpc_port, http_port=http_port)
    if program.value in shipped.SETUPS:
        _set_up(shipped.SETUPS[program.value](settings), out)
        return
    endpoints = configuring.Endpoints(
        grpc=f"http://{host_port(settings.host, settings.grpc_port)}",
        http=f"http://{host_port(settings.host, settings.http_port)}",
    )
    configuration = configuring.AGENTS[program.value](endpoints)
    if write:
        path = configuring.write(configuration, Path.home())
        print(f"spanledger: wrote {path}", file=sys.stderr)
        return
    print(configuration.text, end="")
    place = f"~/{configuration.file}" if configuration.file else "the agent's environment"
    print(f"spanledger: this belongs into {place}; {configuration.remark}", file=sys.stderr)


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
