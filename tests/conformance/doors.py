"""Send bytes to a server through one of its doors: a transport, an encoding and a compression."""

import contextlib
import gzip
import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeVar
from urllib.parse import urlsplit

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from . import otlp_json
from .answer import RETRYABLE_GRPC, RETRYABLE_HTTP, Answer, Verdict, detail
from .signals import Response, Signal

TIMEOUT_S: Final = 30.0
"""How long an answer is waited for at all; how soon it must come is for each test to say."""
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

_HTTP_VERDICTS: Final = {200: Verdict.ACCEPTED, 400: Verdict.BAD_DATA, 413: Verdict.TOO_LARGE} | (
    dict.fromkeys(RETRYABLE_HTTP, Verdict.RETRY)
)
_GRPC_VERDICTS: Final = {
    "OK": Verdict.ACCEPTED,
    "INVALID_ARGUMENT": Verdict.BAD_DATA,
    "RESOURCE_EXHAUSTED": Verdict.TOO_LARGE,
} | dict.fromkeys(RETRYABLE_GRPC, Verdict.RETRY)


Kind = TypeVar("Kind", bound=Message)


class Compression(Enum):
    """What is done to a body before it is sent."""

    NONE = "none"
    GZIP = "gzip"


class Door(Protocol):
    """A way in."""

    @property
    def json(self) -> bool:
        """Whether bodies are JSON; else they are protobuf."""
        ...

    def send(self, signal: Signal, body: bytes) -> Answer:
        """Send a body as it is, compressed as this door does."""
        ...


def send(door: Door, signal: Signal, request: Message) -> Answer:
    """Send a request in the encoding of the door."""
    if door.json:
        return door.send(signal, otlp_json.text(otlp_json.document(request)))
    return door.send(signal, request.SerializeToString())


@dataclass(frozen=True, slots=True)
class GrpcDoor:
    """OTLP/gRPC on one channel; messages are bytes, so that they can be wrong."""

    channel: grpc.Channel
    compression: Compression
    json: bool = False

    def send(self, signal: Signal, body: bytes) -> Answer:
        """Call the signal's Export."""
        return self.call(signal.method, body, signal.response)

    def call(self, method: str, body: bytes, kind: type[Response]) -> Answer:
        """Call any method; `kind` is what it answers when it succeeds."""
        gzipped = self.compression is Compression.GZIP
        began = time.monotonic()
        export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(method)
        call = export.future(
            body,
            timeout=TIMEOUT_S,
            compression=grpc.Compression.Gzip if gzipped else grpc.Compression.NoCompression,
        )
        call.exception()  # waits
        seconds = time.monotonic() - began
        trailers: dict[str, str | bytes] = dict(call.trailing_metadata() or ())
        body = call.result() if call.code() is grpc.StatusCode.OK else b""
        return _grpc_answer(call.code().name, seconds, trailers, body, kind)


def _grpc_answer(
    code: str,
    seconds: float,
    trailers: Mapping[str, str | bytes],
    body: bytes,
    kind: type[Response],
) -> Answer:
    packed = trailers.get("grpc-status-details-bin")
    error = status_pb2.Status.FromString(packed) if isinstance(packed, bytes) else None
    packed = trailers.get("google.rpc.retryinfo-bin")
    retry = error_details_pb2.RetryInfo.FromString(packed) if isinstance(packed, bytes) else None
    verdict = _GRPC_VERDICTS.get(code, Verdict.REFUSED)
    told_when = retry or (error and detail(error, error_details_pb2.RetryInfo))
    if verdict is Verdict.TOO_LARGE and told_when:
        verdict = Verdict.RETRY
    return Answer(
        status=code,
        verdict=verdict,
        seconds=seconds,
        headers={key: value for key, value in trailers.items() if isinstance(value, str)},
        body=body,
        response=kind.FromString(body) if code == "OK" else None,
        error=error,
        trailer_retry=retry,
    )


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """OTLP/HTTP, a connection for each request; `base` is like http://127.0.0.1:4318."""

    base: str
    compression: Compression
    json: bool = False

    @property
    def content_type(self) -> str:
        """The media type of the encoding."""
        return JSON if self.json else PROTOBUF

    def send(self, signal: Signal, body: bytes) -> Answer:
        """POST to the signal's path."""
        headers = {"Content-Type": self.content_type}
        if self.compression is Compression.GZIP:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=1)
        return self.request("POST", signal.path, body, headers, signal.response)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        kind: type[Response] | None = None,
    ) -> Answer:
        """Send any request; the answer is decoded by its own Content-Type."""
        connection = connect(self.base)
        began = time.monotonic()
        try:
            # It may be refused before all of it is sent; the answer is there to be read.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            found = response.read()
        finally:
            connection.close()
        return http_answer(response, found, time.monotonic() - began, kind)


def connect(base: str) -> http.client.HTTPConnection:
    """A connection that is not yet open."""
    address = urlsplit(base)
    maker: Callable[..., http.client.HTTPConnection] = (
        http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    )
    return maker(address.hostname, address.port, timeout=TIMEOUT_S)


def http_answer(
    response: http.client.HTTPResponse, body: bytes, seconds: float, kind: type[Response] | None
) -> Answer:
    """Decode what came back; what does not decode is left out."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    content_type = headers.get("content-type", "")
    taken = response.status == 200
    return Answer(
        status=str(response.status),
        verdict=_HTTP_VERDICTS.get(response.status, Verdict.REFUSED),
        seconds=seconds,
        headers=headers,
        body=body,
        response=_decode(kind, body, content_type) if taken and kind else None,
        error=None if response.status < 400 else _decode(status_pb2.Status, body, content_type),
    )


def _decode(kind: type[Kind], body: bytes, content_type: str) -> Kind | None:
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type == PROTOBUF:
            return kind.FromString(body)
        if media_type == JSON:
            return json_format.Parse(body, kind(), ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError):
        return None
    return None
