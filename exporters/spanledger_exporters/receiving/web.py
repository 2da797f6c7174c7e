"""Run an ASGI application on loopback sockets, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import uvicorn
from grpc import StatusCode
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spanledger_exporters.errors import StoreError
from spanledger_exporters.receiving.addresses import listen, port_of
from spanledger_exporters.receiving.answers import Encoding, Refusal, body, status

MAX_CONNECTIONS: Final = 256
IDLE_S: Final = 60
HEAD_S: Final = 10.0
"""How long a request's line and headers may take to arrive, and how large they may be."""
HEAD_BYTES: Final = 64 << 10

_START_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server that is running."""

    port: int
    _server: uvicorn.Server
    _thread: threading.Thread
    _closed: Callable[[], None]

    def stop(self, grace_s: float = 5.0) -> None:
        """Take nothing new, finish what is being done within the grace, return when all ended."""
        self._server.config.timeout_graceful_shutdown = max(1, round(grace_s))
        self._server.should_exit = True
        self._thread.join()
        self._closed()


def serve_app(
    app: ASGIApp, host: str, port: int, closed: Callable[[], None] = lambda: None
) -> HttpServer:
    """Start serving; port 0 chooses a free one, `closed` is called when the server has stopped.

    Raises UsageError when the port is taken.
    """
    sockets = listen(host, port)
    bound = port_of(sockets[0])
    server = _Server(_config(app))
    thread = threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=sockets)),
        name=f"spanledger-http-{bound}",
        daemon=True,
    )
    thread.start()
    if not server.ready.wait(_START_S):
        raise StoreError(f"the HTTP server on port {bound} did not start")
    return HttpServer(bound, server, thread, closed)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Connection,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_S,
    )


class _Server(uvicorn.Server):
    """Tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class _Connection(HttpToolsProtocol):
    """Adds what uvicorn does not bound: connections, and the time and size of a request's head."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > MAX_CONNECTIONS:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_timer is None:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES:
            self._refuse(Refusal(431, StatusCode.INVALID_ARGUMENT, "the headers are too large"))

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refusal(400, StatusCode.INVALID_ARGUMENT, msg))

    def _refuse(self, refusal: Refusal) -> None:
        content = body(status(refusal), Encoding.JSON)
        head = (
            f"HTTP/1.1 {refusal.http_status} {HTTPStatus(refusal.http_status).phrase}\r\n"
            f"Content-Type: {Encoding.JSON.value}\r\nContent-Length: {len(content)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()

    def _expect_head(self) -> None:
        self._have_head()
        self._head_timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _have_head(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
