"""Hold how OTLP/HTTP bodies travel: rules 23 and 24."""

import gzip
import socket
import zlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from . import build, otlp_json
from .answer import Answer, Verdict
from .doors import TIMEOUT_S, Compression, HttpDoor, connect, http_answer, send
from .signals import TRACES, Signal
from .target import Target


def _sample(door: HttpDoor, signal: Signal = TRACES) -> bytes:
    request = build.sample(signal)
    return otlp_json.text(otlp_json.document(request)) if door.json else request.SerializeToString()


def _post(door: HttpDoor, body: bytes, encoding: str) -> Answer:
    headers = {"Content-Type": door.content_type, "Content-Encoding": encoding}
    return door.request("POST", TRACES.path, body, headers, TRACES.response)


@pytest.mark.rule(23, "M")
def test_gzip_is_accepted(http_door: HttpDoor) -> None:
    assert _post(http_door, gzip.compress(_sample(http_door)), "gzip").status == "200"


@pytest.mark.rule(23, "R")
def test_the_content_encoding_has_no_case(http_door: HttpDoor) -> None:
    assert _post(http_door, gzip.compress(_sample(http_door)), "GZIP").status == "200"


@pytest.mark.rule(23, "ours")
def test_identity_is_accepted(http_door: HttpDoor) -> None:
    assert _post(http_door, _sample(http_door), "identity").status == "200"


@pytest.mark.rule(23, "R")
def test_gzip_in_several_members_is_accepted(http_door: HttpDoor) -> None:
    body = _sample(http_door)
    halves = gzip.compress(body[:20]) + gzip.compress(body[20:])
    assert _post(http_door, halves, "gzip").status == "200"


@pytest.mark.rule(23, "ours")
def test_zstd_is_accepted(http_door: HttpDoor) -> None:
    zstd = pytest.importorskip("backports.zstd", reason="there is no zstd to compress with")
    assert _post(http_door, zstd.compress(_sample(http_door)), "zstd").status == "200"


@pytest.mark.rule(23, "ours")
@pytest.mark.parametrize("encoding", ["br", "nonsense", "gzip, gzip"])
def test_an_unknown_encoding_is_415(http_door: HttpDoor, encoding: str) -> None:
    assert _post(http_door, _sample(http_door), encoding).status == "415"


def _broken_gzip() -> dict[str, bytes]:
    whole = gzip.compress(build.traces(build.span()).SerializeToString())
    return {
        "not gzip": b"this is not gzip",
        "cut short": whole[:-12],
        "no checksum": whole[:-8],
        "wrong checksum": whole[:-8] + bytes(4) + whole[-4:],
        "zlib without gzip": zlib.compress(b"data"),
        "garbage after it": whole + b"garbage",
    }


@pytest.mark.rule(23, "M")
@pytest.mark.parametrize("broken", list(_broken_gzip())[:4])
def test_corrupt_gzip_is_400(http_door: HttpDoor, broken: str) -> None:
    answer = _post(http_door, _broken_gzip()[broken], "gzip")
    assert answer.status == "400"
    assert answer.error is not None


@pytest.mark.rule(23, "ours")
@pytest.mark.parametrize("broken", list(_broken_gzip())[4:])
def test_what_is_not_wholly_gzip_is_400(target: Target, broken: str) -> None:
    door = HttpDoor(target.http_base, Compression.NONE)
    assert _post(door, _broken_gzip()[broken], "gzip").status == "400"


@pytest.mark.rule(23, "M")
def test_a_chunked_body_without_a_length_is_accepted(http_door: HttpDoor) -> None:
    body = _sample(http_door)
    connection = connect(http_door.base)
    headers = {"Content-Type": http_door.content_type, "Transfer-Encoding": "chunked"}
    chunks = (body[at : at + 7] for at in range(0, len(body), 7))
    connection.request("POST", TRACES.path, chunks, headers, encode_chunked=True)
    response = connection.getresponse()
    assert http_answer(response, response.read(), 0, TRACES.response).accepted
    connection.close()


@pytest.mark.rule(23, "M")
def test_a_client_that_asks_before_sending_is_told_to_go_on(http_door: HttpDoor) -> None:
    body = _sample(http_door)
    with _socket(http_door.base) as sock:
        sock.sendall(_head(http_door, len(body), "Expect: 100-continue"))
        assert sock.recv(65536).startswith(b"HTTP/1.1 100")
        sock.sendall(body)
        assert _status(sock) == b"HTTP/1.1 200"


@pytest.mark.rule(23, "R")
def test_a_body_that_comes_slowly_is_accepted(http_door: HttpDoor) -> None:
    body = _sample(http_door)
    with _socket(http_door.base) as sock:
        head = _head(http_door, len(body), "Connection: close")
        for part in (head[:30], head[30:], body[:1], body[1:10], body[10:]):
            sock.sendall(part)
        assert _status(sock) == b"HTTP/1.1 200"


def _socket(base: str) -> socket.socket:
    address = urlsplit(base)
    if address.scheme != "http" or address.hostname is None:
        pytest.skip("only plain http can be spoken by hand")
    sock = socket.create_connection((address.hostname, address.port or 80), TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _head(door: HttpDoor, length: int, extra: str) -> bytes:
    lines = [
        f"POST {TRACES.path} HTTP/1.1",
        f"Host: {urlsplit(door.base).netloc}",
        f"Content-Type: {door.content_type}",
        f"Content-Length: {length}",
        extra,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def _status(sock: socket.socket) -> bytes:
    return sock.recv(65536)[:12]


@pytest.mark.rule(24, "S")
def test_a_connection_is_kept_for_the_next_request(http_door: HttpDoor) -> None:
    connection = connect(http_door.base)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        body = _sample(http_door)
        connection.request("POST", TRACES.path, body, {"Content-Type": http_door.content_type})
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    assert connection.sock is first
    connection.close()


@pytest.mark.rule(24, "R")
def test_a_connection_is_usable_after_bad_data(http_door: HttpDoor) -> None:
    connection = connect(http_door.base)
    headers = {"Content-Type": http_door.content_type}
    statuses = []
    for body in (b"neither", _sample(http_door)):
        connection.request("POST", TRACES.path, body, headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    assert statuses == [400, 200]
    connection.close()


@pytest.mark.rule(24, "S")
def test_parallel_connections_are_served(http_door: HttpDoor) -> None:
    def once(_: int) -> Verdict:
        return send(http_door, TRACES, build.traces(build.span())).verdict

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(once, range(64))) == {Verdict.ACCEPTED}


@pytest.mark.rule(24, "R")
@pytest.mark.parametrize("accepted", ["gzip", "br, zstd", "*", "identity;q=0"])
def test_a_response_is_plain_or_compressed_as_was_allowed(
    http_door: HttpDoor, accepted: str
) -> None:
    headers = {"Content-Type": http_door.content_type, "Accept-Encoding": accepted}
    answer = http_door.request("POST", TRACES.path, _sample(http_door), headers)
    encoding = answer.headers.get("content-encoding", "identity")
    assert answer.status == "200"
    assert encoding == "identity" or encoding in accepted or accepted == "*"
    if encoding == "gzip":
        gzip.decompress(answer.body)
