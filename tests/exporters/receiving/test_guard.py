"""Refuse what a web page can make a browser send."""

import json

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from spanledger_exporters.receiving.guard import Guard


async def _application(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("taken")(scope, receive, send)


def ask(guard: Guard, headers: dict[str, str]) -> tuple[int, bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": "POST", "path": "/v1/traces", "headers": raw}
    calls = guard(scope, receive, send)
    with pytest.raises(StopIteration):
        calls.__await__().send(None)
    return int(sent[0]["status"]), bytes(sent[1]["body"])


HERE = Guard(_application, "127.0.0.1")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:4318", "127.0.0.1:4318", "[::1]:4318", "[::1]", "LOCALHOST:1"]
)
def test_every_name_of_this_machine_is_taken(host: str) -> None:
    assert ask(HERE, {"host": host})[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example:4318",
        "127.0.0.1.evil.example",
        "",
        "[::2]",
        "192.0.2.7",
    ],
)
def test_another_host_name_is_a_rebound_one(host: str) -> None:
    status, body = ask(HERE, {"host": host, "content-type": "application/json"})
    assert status == 403
    assert json.loads(body)["code"] == 7


def test_a_request_without_a_host_is_refused() -> None:
    assert ask(HERE, {})[0] == 403


def test_configured_names_are_taken() -> None:
    guard = Guard(_application, "::2", hosts=["ledger.internal"])
    assert ask(guard, {"host": "ledger.internal:4318"})[0] == 200
    assert ask(guard, {"host": "[::2]:4318"})[0] == 200
    assert ask(guard, {"host": "evil.example"})[0] == 403


def test_a_server_on_every_address_takes_any_address_but_no_name() -> None:
    guard = Guard(_application, "0.0.0.0")
    assert ask(guard, {"host": "192.0.2.7:4318"})[0] == 200
    assert ask(guard, {"host": "[2001:db8::1]:4318"})[0] == 200
    assert ask(guard, {"host": "evil.example:4318"})[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_another_origin_is_refused(headers: dict[str, str]) -> None:
    assert ask(HERE, {"host": "localhost:4318", **headers})[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:4318", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
def test_our_own_pages_are_taken(headers: dict[str, str]) -> None:
    assert ask(HERE, {"host": "localhost:4318", **headers})[0] == 200


def test_an_allowed_origin_is_taken() -> None:
    guard = Guard(_application, "127.0.0.1", origins=["http://localhost:3000"])
    assert ask(guard, {"host": "localhost:4318", "origin": "http://localhost:3000"})[0] == 200
