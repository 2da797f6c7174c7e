"""`serve`: receive OTLP until told to stop."""

import json
import signal
import sys
import threading
from types import FrameType
from typing import Annotated

import typer

from spanledger_exporters.cli.options import Data


def serve(  # noqa: PLR0913 # an option is a parameter
    *,
    data: Data = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; loopback only. [default: 127.0.0.1]")
    ] = None,
    grpc_port: Annotated[
        int | None, typer.Option(help="OTLP gRPC; 0 takes any free port. [default: 4317]")
    ] = None,
    http_port: Annotated[int | None, typer.Option(help="OTLP HTTP. [default: 4318]")] = None,
    ui_port: Annotated[
        int | None, typer.Option(help="Health, status, Jaeger's HTTP API. [default: 4320]")
    ] = None,
    jaeger_port: Annotated[
        str | None,
        typer.Option(metavar="PORT|off", help="Jaeger's remote storage. [default: 17271]"),
    ] = None,
    flight_port: Annotated[
        int | None, typer.Option(help="Flight SQL, for Grafana and ADBC; 8815 is usual. [off]")
    ] = None,
    flight_token: Annotated[
        str | None,
        typer.Option(help="What its clients must send; better as SPANLEDGER_FLIGHT_TOKEN."),
    ] = None,
    durability: Annotated[
        str | None,
        typer.Option(
            metavar="fsync|write",
            help="Acknowledge when the data is on the disk, or already when the system has it:"
            " faster, and a power cut may lose the last second. [default: fsync]",
        ),
    ] = None,
    keep_journal: Annotated[
        str | None,
        typer.Option(
            metavar="forever|DAYS|none",
            help="How long the journal of published records stays; without it, damaged segments"
            " cannot be rebuilt. [default: forever]",
        ),
    ] = None,
    limit_mib: Annotated[
        int | None, typer.Option(help="Largest request, inflated, in MiB. [default: 64]")
    ] = None,
) -> None:
    """Receive OTLP (gRPC 4317, HTTP 4318) and keep the ledger."""
    from spanledger_exporters.serving import collector
    from spanledger_exporters.settings import load

    settings = load(
        data=data,
        host=host,
        grpc_port=grpc_port,
        http_port=http_port,
        ui_port=ui_port,
        flight_port=flight_port,
        flight_token=flight_token,
        jaeger_port=jaeger_port,
        durability=durability,
        keep_journal=keep_journal,
        limit_mib=limit_mib,
    )
    stop = stop_event()
    with collector(settings) as running:
        print(json.dumps({**running.ports(), "data": str(running.data)}), flush=True)
        print(
            f"spanledger: receiving OTLP on {running.grpc} (gRPC) and {running.http} (HTTP)"
            f" into {running.data}; Ctrl-C stops",
            file=sys.stderr,
        )
        stop.wait()
        print("spanledger: finishing", file=sys.stderr)


def stop_event() -> threading.Event:
    """Set by SIGTERM and SIGINT."""
    stop = threading.Event()

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    return stop
