"""`serve`: receive OTLP until told to stop."""

import gc
import json
import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from spanledger_exporters.cli.options import Data

if TYPE_CHECKING:
    from spanledger_exporters.settings import Settings


_Host = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on; loopback only. [default: 127.0.0.1]"),
]
_GrpcPort = Annotated[
    int | None,
    typer.Option("--grpc-port", help="OTLP gRPC; 0 takes any free port. [default: 4317]"),
]
_HttpPort = Annotated[int | None, typer.Option("--http-port", help="OTLP HTTP. [default: 4318]")]
_UiPort = Annotated[
    int | None,
    typer.Option("--ui-port", help="Health, status, Jaeger's HTTP API. [default: 4320]"),
]
_JaegerPort = Annotated[
    str | None,
    typer.Option(
        "--jaeger-port", metavar="PORT|off", help="Jaeger's remote storage. [default: 17271]"
    ),
]
_FlightPort = Annotated[
    int | None,
    typer.Option("--flight-port", help="Flight SQL, for Grafana and ADBC; 8815 is usual. [off]"),
]
_FlightToken = Annotated[
    str | None,
    typer.Option(
        "--flight-token", help="What its clients must send; better as SPANLEDGER_FLIGHT_TOKEN."
    ),
]
_Durability = Annotated[
    str | None,
    typer.Option(
        "--durability",
        metavar="fsync|write",
        help="Acknowledge when the data is on the disk, or already when the system has it: faster,"
        " and a power cut may lose the last second. [default: fsync]",
    ),
]
_KeepJournal = Annotated[
    str | None,
    typer.Option(
        "--keep-journal",
        metavar="forever|DAYS|none",
        help="How long the journal of published records stays; without it, damaged segments cannot"
        " be rebuilt. [default: forever]",
    ),
]
_LimitMib = Annotated[
    int | None,
    typer.Option("--limit-mib", help="Largest request, inflated, in MiB. [default: 64]"),
]


def serve(  # noqa: PLR0913 # an option is a parameter
    *,
    data: Data = None,
    host: _Host = None,
    grpc_port: _GrpcPort = None,
    http_port: _HttpPort = None,
    ui_port: _UiPort = None,
    jaeger_port: _JaegerPort = None,
    flight_port: _FlightPort = None,
    flight_token: _FlightToken = None,
    durability: _Durability = None,
    keep_journal: _KeepJournal = None,
    limit_mib: _LimitMib = None,
) -> None:
    """Receive OTLP (gRPC 4317, HTTP 4318) and keep the ledger."""
    from spanledger_exporters.settings import load

    _run(
        load(
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
    )


def _run(settings: "Settings") -> None:
    # Gives memory back sooner than Arrow's usual one, mimalloc: 440 to 470 MiB at the peak instead
    # of 500 to 530. Arrow for Linux is built with it, and reads this when it is imported.
    if sys.platform == "linux":
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
    # Requests hold no cycles. Looking for them at every 700 new objects, Python's default, takes a
    # third of the time of reading a big JSON request.
    gc.set_threshold(10_000)
    from spanledger_exporters.serving import collector

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
