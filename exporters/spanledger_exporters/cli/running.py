"""`run`: start a program that tells nothing itself, and record what it did."""

import contextlib
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from spanledger_exporters.cli.options import Data
from spanledger_exporters.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from spanledger._setup import Telemetry
    from spanledger.commands import Ended
    from spanledger.files import Folder
    from spanledger_exporters.settings import Settings

# As shells have it.
_NOT_FOUND: Final = 127
_NOT_RUNNABLE: Final = 126
_SIGNALLED: Final = 128
_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
# Whom `init` knows by another name than that of the program.
_TARGETS: Final = {"claude": "claude-code"}
_ANSWER_S: Final = 0.5
_FAREWELL_S: Final = 5.0
# Nobody asks before the program has ended.
_SEAL_AGE_S: Final = 10.0


class _NotStartedError(LedgerError):
    """The program is not there or cannot be run."""

    def __init__(self, program: str, error: OSError) -> None:
        is_missing = isinstance(error, FileNotFoundError)
        why = "command not found" if is_missing else (error.strerror or str(error))
        super().__init__(f"{program}: {why}")
        self.exit_code = _NOT_FOUND if is_missing else _NOT_RUNNABLE


def run(
    command: Annotated[
        list[str],
        typer.Argument(metavar="CMD [ARGS]...", help="After `--`.", show_default=False),
    ],
    *,
    agent: Annotated[
        str | None, typer.Option(help="Who acts. [default: the program's name]")
    ] = None,
    session: Annotated[
        str | None,
        typer.Option(metavar="ID", help="[default: the one in BAGGAGE, else a new one]"),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where to send OTLP. [default: $OTEL_EXPORTER_OTLP_ENDPOINT, else a server on"
            " the usual port if one answers, else straight into the data directory]",
        ),
    ] = None,
    data: Data = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Files and folders not to look at, also `*.log`."),
    ] = None,
    max_files: Annotated[
        int | None,
        typer.Option(min=0, help="Files to look at below the working directory. [default: 20000]"),
    ] = None,
) -> None:
    """Run a program and record its start, end, cost and the files it touched.

    Its streams, signals and exit code are its own; what it tells itself over OTLP joins the trace.
    """
    from spanledger._children import die_of
    from spanledger._text import disabled
    from spanledger_exporters.settings import load

    if disabled():
        _become(command)
    settings = load(data=data)
    folder = _folder(settings, ignore or [], max_files)
    told_to = _told_to(settings, endpoint, is_here=data is not None)
    try:
        ended = _recorded(command, agent, session, folder, told_to)
    except LedgerError as error:
        _note(str(error))
        _leave(error.exit_code)
    if ended.is_cut:
        _note("more files were changed than could be recorded; see --max-files and --ignore")
    if ended.exit_code < 0:
        die_of(-ended.exit_code)
    _leave(ended.exit_code if ended.exit_code >= 0 else _SIGNALLED - ended.exit_code)


def _recorded(
    command: list[str],
    agent: str | None,
    session: str | None,
    folder: "Folder | None",
    told_to: contextlib.AbstractContextManager[bool],
) -> "Ended":
    import spanledger
    from spanledger._children import signals_held
    from spanledger.commands import run_command

    with signals_held() as children, told_to as is_recorded, contextlib.ExitStack() as stack:
        if is_recorded:
            telemetry = spanledger.setup(service_name=agent or Path(command[0]).name)
            stack.callback(_shut_down, telemetry)
        try:
            return run_command(
                children,
                command,
                name=agent,
                session_id=session,
                folder=folder,
                variables=_switches(command[0]) if is_recorded else None,
            )
        except OSError as error:
            raise _NotStartedError(command[0], error) from error


def _shut_down(telemetry: "Telemetry") -> None:
    """Send what waits; a collector that takes and does not answer is not waited for."""
    import threading

    sending = threading.Thread(target=telemetry.shutdown, daemon=True)
    sending.start()
    sending.join(_FAREWELL_S)
    if sending.is_alive():
        _note("the collector did not answer in time: the end may be missing")


def _leave(exit_code: int) -> NoReturn:
    """End at once: what DuckDB says at exit of its leaks is not for the program's stderr."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _become(command: list[str]) -> None:
    """Recording is off: nobody needs us."""
    try:
        os.execvp(command[0], command)  # noqa: S606 # that is what was asked for
    except OSError as error:
        raise _NotStartedError(command[0], error) from error


def _note(text: str) -> None:
    print(f"spanledger: {text}", file=sys.stderr)


def _folder(settings: "Settings", ignore: list[str], most: int | None) -> "Folder | None":
    from spanledger.files import IGNORED, MOST_FILES, Folder

    if most == 0:
        return None
    return Folder(
        Path.cwd(),
        (*IGNORED, *ignore),
        frozenset({settings.directory.resolve()}),
        MOST_FILES if most is None else most,
    )


@contextlib.contextmanager
def _told_to(settings: "Settings", endpoint: str | None, *, is_here: bool) -> Generator[bool]:
    """Let us and the program tell a collector, or a door of our own, by the OTLP variables.

    A ledger that cannot be opened keeps no program from running: then False is given, and it is
    not recorded.
    """
    with contextlib.ExitStack() as stack:
        wanted = endpoint or (None if is_here else os.environ.get(_ENDPOINT))
        if wanted is not None and not _listens(wanted):
            _note(f"nobody answers at {wanted}: recording into {settings.directory}")
            wanted = None
        elif wanted is None and not is_here:
            wanted = _usual_server(settings)
        try:
            where = _variables(wanted) if wanted else stack.enter_context(_own_door(settings))
        except UsageError:
            raise
        except (LedgerError, OSError) as error:
            _note(f"not recorded: {error}")
            where = None
        os.environ.update(where or {})
        yield where is not None


def _switches(program: str) -> dict[str, str]:
    """The variables with which a known agent tells, as `init` has them; not those that are set."""
    from spanledger_exporters.reading.dialects import dialects

    name = Path(program).name
    target = _TARGETS.get(name, name)
    found: dict[str, str] = {}
    for dialect in dialects().values():
        if dialect.target == target:
            for place in dialect.places:
                for setting in place.settings.split():
                    key, _, value = setting.partition("=")
                    if place.name == "environment" or key.startswith("env."):
                        found[key.removeprefix("env.")] = value.strip('"')
    return {key: value for key, value in found.items() if key not in os.environ}


def _variables(endpoint: str) -> dict[str, str]:
    said = os.environ.get(_PROTOCOL)
    usual = "grpc" if endpoint.rstrip("/").endswith(":4317") else "http/protobuf"
    return {_ENDPOINT: endpoint, _PROTOCOL: said or usual}


def _listens(endpoint: str) -> bool:
    """Whether anybody is at an address."""
    import socket
    from urllib.parse import urlsplit

    try:
        at = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
        port = at.port or (443 if at.scheme == "https" else 80)
        socket.create_connection((at.hostname or "", port), _ANSWER_S).close()
    except (OSError, ValueError):
        return False
    return True


def _usual_server(settings: "Settings") -> str | None:
    """The address of a server that takes OTLP over HTTP where `serve` would, if there is one."""
    import http.client

    from spanledger_exporters.receiving.addresses import host_port

    place = host_port(settings.host, settings.http_port)
    asked = http.client.HTTPConnection(settings.host, settings.http_port, timeout=_ANSWER_S)
    try:
        # An empty request of no spans.
        asked.request("POST", "/v1/traces", b"", {"Content-Type": "application/x-protobuf"})
        return f"http://{place}" if asked.getresponse().status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        asked.close()


@contextlib.contextmanager
def _own_door(settings: "Settings") -> Generator[dict[str, str]]:
    """Write into the data directory, beside others who do, and let the program send here too."""
    from dataclasses import replace

    from spanledger_exporters.receiving.addresses import host_port
    from spanledger_exporters.receiving.grpc_server import serve_grpc
    from spanledger_exporters.receiving.http_server import serve_http
    from spanledger_exporters.storing.store import Store, StoreOptions

    options = replace(StoreOptions.of(settings), seal_age_s=_SEAL_AGE_S, show_later=True)
    is_grpc = os.environ.get(_PROTOCOL, "").strip() == "grpc"
    serve = serve_grpc if is_grpc else serve_http
    store = Store.open(settings.directory, options)
    try:
        server = serve(store.intake, "127.0.0.1", 0, settings.limit_mib << 20)
        try:
            yield {
                _ENDPOINT: f"http://{host_port('127.0.0.1', server.port)}",
                _PROTOCOL: "grpc" if is_grpc else "http/protobuf",
            }
        finally:
            server.stop(1.0)
    finally:
        store.close()
