"""Bound what uvicorn leaves unbounded."""

import json
import socket
import time
from collections.abc import Generator

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from spanledger_exporters.receiving import web
from spanledger_exporters.receiving.web import serve_app


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("taken")(scope, receive, send)


@pytest.fixture
def port() -> Generator[int]:
    server = serve_app(_application, "127.0.0.1", 0)
    yield server.port
    server.stop(1)


def talk(port: int, *pieces: bytes) -> bytes:
    """What comes back until the server closes, or for a second."""
    with socket.create_connection(("127.0.0.1", port), timeout=1) as client:
        received = b""
        try:
            for piece in pieces:
                client.sendall(piece)
            while piece := client.recv(10_000):
                received += piece
        except (TimeoutError, ConnectionError):
            received += b"<open or reset>"
        return received


def read_answer(client: socket.socket) -> None:
    received = b""
    while not received.endswith(b"taken"):
        piece = client.recv(10_000)
        assert piece, f"closed after {received!r}"
        received += piece


def test_what_is_no_http_is_refused_with_a_status(port: int) -> None:
    head, _, body = talk(port, b"\x16\x03\x01 hello\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == 3


def test_headers_without_end_are_refused(port: int) -> None:
    header = b"X-Header: " + b"x" * 1000 + b"\r\n"
    answer = talk(port, b"GET / HTTP/1.1\r\n", *[header] * 70)
    assert b"HTTP/1.1 431 " in answer or answer == b"<open or reset>"


def test_one_header_without_end_is_refused(port: int) -> None:
    answer = talk(port, b"GET / HTTP/1.1\r\nX: ", *[b"x" * 10_000] * 10)
    assert answer
    assert not answer.startswith(b"HTTP/1.1 200")


@pytest.mark.alone
@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_come_ends_the_connection(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "HEAD_S", 0.2)
    server = serve_app(_application, "127.0.0.1", 0)
    start = time.monotonic()
    assert talk(server.port, sent) == b""
    assert time.monotonic() - start < 0.9
    server.stop(1)


def test_the_time_for_the_head_ends_with_the_head(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "HEAD_S", 0.2)
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        for _ in range(3):
            client.sendall(request)
            read_answer(client)
            time.sleep(0.3)


def test_connections_over_the_bound_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "MAX_CONNECTIONS", 1)
    server = serve_app(_application, "127.0.0.1", 0)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as first:
        first.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        read_answer(first)
        assert talk(server.port, b"") == b""
    server.stop(1)
