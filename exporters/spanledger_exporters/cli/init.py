"""`init`: ready configuration for agents."""

import enum
import sys
from pathlib import Path
from typing import Annotated

import typer


class Agent(enum.StrEnum):
    """Whose configuration."""

    CODEX = "codex"
    CLAUDE_CODE = "claude-code"
    GEMINI = "gemini"
    SDK = "sdk"


def init(
    agent: Annotated[Agent, typer.Argument(help="Who is to send its telemetry here.")],
    *,
    write: Annotated[
        bool, typer.Option("--write", help="Add it to the agent's own settings file.")
    ] = False,
    grpc_port: Annotated[int | None, typer.Option(help="Of `spanledger serve`.")] = None,
    http_port: Annotated[int | None, typer.Option(help="Of `spanledger serve`.")] = None,
) -> None:
    """Print, or write, the settings with which an agent sends its telemetry here."""
    from spanledger_exporters import configuring
    from spanledger_exporters.receiving.addresses import host_port
    from spanledger_exporters.settings import load

    settings = load(grpc_port=grpc_port, http_port=http_port)
    endpoints = configuring.Endpoints(
        grpc=f"http://{host_port(settings.host, settings.grpc_port)}",
        http=f"http://{host_port(settings.host, settings.http_port)}",
    )
    configuration = configuring.AGENTS[agent.value](endpoints)
    if write:
        path = configuring.write(configuration, Path.home())
        print(f"spanledger: wrote {path}", file=sys.stderr)
        return
    print(configuration.text, end="")
    place = f"~/{configuration.file}" if configuration.file else "the agent's environment"
    print(f"spanledger: this belongs into {place}; {configuration.remark}", file=sys.stderr)
