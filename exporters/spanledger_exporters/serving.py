"""Run the collector: one store, the OTLP receivers before it and a status page beside it."""

import contextlib
import dataclasses
import fcntl
import ipaddress
import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from spanledger import __version__
from spanledger_exporters.errors import LedgerError, StoreError, UsageError
from spanledger_exporters.receiving.addresses import host_port
from spanledger_exporters.receiving.grpc_server import serve_grpc
from spanledger_exporters.receiving.guard import Guard
from spanledger_exporters.receiving.http_server import serve_http
from spanledger_exporters.receiving.web import serve_app
from spanledger_exporters.settings import Settings
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing import jaeger_http
from spanledger_exporters.viewing.feedback import Feedback
from spanledger_exporters.viewing.jaeger_grpc import serve_jaeger
from spanledger_exporters.viewing.reports import Reports
from spanledger_exporters.viewing.trace_reader import TraceReader

_GRACE_S: Final = 5.0
_Server = TypeVar("_Server")


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector that is running, and where."""

    store: Store
    data: Path
    grpc: str
    http: str
    ui: str
    jaeger: str | None
    flight: str | None

    def ports(self) -> dict[str, str]:
        """Where it listens: `host:port` for gRPC, URLs for the others; only what is on."""
        optional = {"jaeger": self.jaeger, "flight": self.flight}
        on = {name: where for name, where in optional.items() if where is not None}
        return {"grpc": self.grpc, "http": self.http, "ui": self.ui} | on


@contextlib.contextmanager
def collector(settings: Settings) -> Generator[Collector]:
    """Run for the length of the block; at its end everything accepted is written and shown.

    Raises UsageError for an address that is not loopback, StoreError when the directory cannot be
    used or another server has it, LedgerError when a port is taken.
    """
    _require_loopback(settings.host)
    directory = settings.directory
    Layout(directory).create()
    with contextlib.ExitStack() as stack:
        stack.enter_context(_the_only_server(directory))
        options = StoreOptions.of(settings)
        store = Store.open(directory, options)
        stack.callback(store.close)
        yield _listening(settings, store, stack, options.min_free_bytes)


def _listening(
    settings: Settings, store: Store, stack: contextlib.ExitStack, min_free_bytes: int
) -> Collector:
    host, limit_bytes = settings.host, settings.limit_mib << 20
    door = store.intake
    grpc = _started(lambda: serve_grpc(door, host, settings.grpc_port, limit_bytes))
    stack.callback(grpc.stop, _GRACE_S)
    http = _started(lambda: serve_http(door, host, settings.http_port, limit_bytes))
    stack.callback(http.stop, _GRACE_S)
    reader = TraceReader(settings.directory)
    page = _Page(store, min_free_bytes, jaeger_http.routes(reader))
    ui = _started(lambda: serve_app(Guard(page.app(), host), host, settings.ui_port))
    stack.callback(ui.stop, _GRACE_S)
    page.running = Collector(
        store=store,
        data=settings.directory,
        grpc=host_port(host, grpc.port),
        http=f"http://{host_port(host, http.port)}",
        ui=f"http://{host_port(host, ui.port)}",
        jaeger=_jaeger(settings, reader, stack),
        flight=_flight(settings, stack),
    )
    return page.running


def _jaeger(settings: Settings, reader: TraceReader, stack: contextlib.ExitStack) -> str | None:
    port = settings.jaeger_port
    if port == "off":
        return None
    server = _started(lambda: serve_jaeger(reader, settings.host, port))
    stack.callback(server.stop, _GRACE_S)
    return host_port(settings.host, server.port)


def _flight(settings: Settings, stack: contextlib.ExitStack) -> str | None:
    if settings.flight_port is None:
        return None
    # Half a second of imports, for those who asked.
    from spanledger_exporters.viewing.flight import serve_flight  # noqa: PLC0415

    data, host, port = settings.directory, settings.host, settings.flight_port
    server = _started(lambda: serve_flight(data, host, port, settings.flight_token))
    stack.callback(server.stop)
    return host_port(host, server.port)


def _started(start: Callable[[], _Server]) -> _Server:
    try:
        return start()
    except UsageError as error:
        # To the one who typed the command a taken port is a failure, not a wrong command.
        raise LedgerError(str(error)) from error


def _require_loopback(host: str) -> None:
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise UsageError(
            f"--host {host}: only loopback (127.0.0.1, ::1, localhost) can be served, because"
            " senders are not authenticated yet"
        )


@contextlib.contextmanager
def _the_only_server(directory: Path) -> Generator[None]:
    """Hold `server.lock` with our process id in it. Raises StoreError naming who has it."""
    path = directory / "server.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(handle, 32).decode().strip() or "unknown"
            raise StoreError(
                f"process {pid} is already serving {directory}: stop it or choose another --data"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


class _Page:
    """What the UI port shows for now: health, counts, Jaeger's HTTP API."""

    running: Collector

    def __init__(self, store: Store, min_free_bytes: int, more: list[Route]) -> None:
        self._store = store
        self._min_free_bytes = min_free_bytes
        self._more = more

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", self._health),
                Route("/", self._status),
                Route("/api/status", self._status),
                *Reports(self._store.layout.root).routes(),
                *Feedback(self._store.layout.root, self._store.intake).routes(),
                *self._more,
            ]
        )

    def _health(self, _request: Request) -> Response:
        trouble = self._trouble()
        return PlainTextResponse(trouble or "ok", 503 if trouble else 200)

    def _trouble(self) -> str | None:
        """Why the journal cannot be written now; None when it can."""
        hot = self._store.layout.hot
        if not os.access(hot, os.W_OK | os.X_OK):
            return f"cannot write to {hot}"
        if self._store.status().free_bytes < self._min_free_bytes:
            return f"less than {self._min_free_bytes >> 20} MiB free under {hot}"
        return None

    def _status(self, _request: Request) -> Response:
        running = self.running
        facts = {"version": __version__, "data": str(running.data), "ports": running.ports()}
        return JSONResponse(facts | dataclasses.asdict(self._store.status()))
