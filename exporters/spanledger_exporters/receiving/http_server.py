"""Receive OTLP over HTTP: protobuf or JSON, plain, gzip or zstd; the intake gets protobuf bytes.

The event loop only reads and writes; inflating and JSON are done by two threads, so that a large
body delays nobody else's small one.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

from grpc import StatusCode
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from spanledger_exporters.errors import TooLargeError
from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.receiving.answers import (
    RETRY_AFTER_S,
    Door,
    Encoding,
    Refusal,
    body,
    encoding_of,
    refusal_of,
    response,
)
from spanledger_exporters.receiving.budget import Budget, Claim
from spanledger_exporters.receiving.guard import Guard, refused
from spanledger_exporters.receiving.inflate import ENCODINGS, inflate
from spanledger_exporters.receiving.intake import Reject
from spanledger_exporters.receiving.web import HttpServer, serve_app

IN_FLIGHT_BYTES: Final = 256 << 20
"""Bytes of all bodies being read, inflated or waiting for the disk."""

READ_S: Final = 30.0
"""A body may take this long, and a second more for every `SLOWEST_BYTES_S` that came."""
SLOWEST_BYTES_S: Final = 16 << 10

PATHS: Final = {"/v1/traces": "spans", "/v1/logs": "logs", "/v1/metrics": "metrics"}

_CODINGS: Final = {"", "identity", *ENCODINGS}
_NOT_OTLP: Final = Refusal(
    415,
    StatusCode.INVALID_ARGUMENT,
    f"Content-Type must be {Encoding.PROTOBUF.value} or {Encoding.JSON.value}",
)
_UNKNOWN_CODING: Final = Refusal(
    415, StatusCode.INVALID_ARGUMENT, "Content-Encoding must be gzip, zstd or identity"
)
_TOO_SLOW: Final = Refusal(408, StatusCode.DEADLINE_EXCEEDED, "the body took too long to arrive")
_STOPPING: Final = Refusal(503, StatusCode.UNAVAILABLE, "the server is stopping: send it again")


def serve_http(
    door: Door,
    host: str,
    port: int,
    limit_bytes: int,
    *,
    hosts: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> HttpServer:
    """Start serving in a thread of its own; port 0 chooses a free one.

    `limit_bytes` is the largest body, inflated; `hosts` and `origins` as in `Guard`. Raises
    UsageError when the port is taken.
    """
    inlet = _Inlet(door, limit_bytes)
    app = Starlette(
        routes=[Route(path, inlet.export, methods=["POST"]) for path in PATHS],
        exception_handlers={HTTPException: _not_ours},
    )
    app.router.redirect_slashes = False  # exporters take a redirect for success
    return serve_app(Guard(app, host, hosts, origins), host, port, inlet.close)


async def _not_ours(request: Request, error: Exception) -> Response:
    """404 and 405."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        refusal = Refusal(405, StatusCode.UNIMPLEMENTED, "use POST")
        return _answered(request, refusal, {"Allow": "POST"})
    known = ", ".join(PATHS)
    return _answered(request, Refusal(404, StatusCode.UNIMPLEMENTED, f"this server has {known}"))


def _answered(
    request: Request, refusal: Refusal, headers: dict[str, str] | None = None
) -> Response:
    return refused(refusal, request.headers.get("content-type", ""), headers)


class _TooSlowError(Exception):
    """The body does not come."""


class _Inlet:
    """What the three routes share."""

    def __init__(self, door: Door, limit_bytes: int) -> None:
        self._door = door
        self._limit = limit_bytes
        self._budget = Budget(max(IN_FLIGHT_BYTES, 2 * limit_bytes))
        self._workers = ThreadPoolExecutor(2, thread_name_prefix="spanledger-http-body")

    def close(self) -> None:
        """End the workers."""
        self._workers.shutdown()

    async def export(self, request: Request) -> Response:
        """Answer one export request."""
        encoding = encoding_of(request.headers.get("content-type", ""))
        if encoding is None:
            return _answered(request, _NOT_OTLP)
        coding = request.headers.get("content-encoding", "").strip().lower()
        if coding not in _CODINGS:
            return _answered(request, _UNKNOWN_CODING, {"Accept-Encoding": "gzip, zstd"})
        try:
            with Claim(self._budget) as claim:
                return await self._export(request, encoding, coding, claim)
        except ClientDisconnect:
            return Response()  # nobody is there to read it
        except (_TooSlowError, asyncio.CancelledError) as error:
            # Cancelled when the grace of a stop is over: what was not read whole was not
            # acknowledged either.
            why = _TOO_SLOW if isinstance(error, _TooSlowError) else _STOPPING
            return _answered(request, why, {"Connection": "close"})
        except Exception as error:  # noqa: BLE001 # every fault becomes a status, none is lost
            return _failed(request, error)

    async def _export(
        self, request: Request, encoding: Encoding, coding: str, claim: Claim
    ) -> Response:
        signal = PATHS[request.scope["path"]]
        payload = await _read(request, self._limit, claim)
        rejects: Sequence[Reject] = ()
        if encoding is Encoding.JSON or coding in ENCODINGS:
            payload, rejects = await asyncio.get_running_loop().run_in_executor(
                self._workers, self._decoded, signal, encoding, coding, payload, claim
            )
        # Shielded: the intake resolves the future even when this task is cancelled.
        stored = asyncio.wrap_future(self._door.submit(signal, payload, rejects))
        receipt = await asyncio.shield(stored)
        return Response(body(response(signal, receipt), encoding), media_type=encoding.value)

    def _decoded(
        self, signal: str, encoding: Encoding, coding: str, payload: bytes, claim: Claim
    ) -> tuple[bytes, Sequence[Reject]]:
        if coding in ENCODINGS:
            payload = inflate(coding, payload, self._limit, claim.add)
        if encoding is Encoding.PROTOBUF:
            return payload, ()
        parsed = otlp_json.parse(signal, payload)
        return parsed.payload, parsed.rejects


async def _read(request: Request, limit: int, claim: Claim) -> bytes:
    """The body as it came, within the limit and the time.

    A declared length over the limit is refused before reading; uvicorn then throws the body away
    piece by piece while the answer is on its way.
    """
    too_large = TooLargeError(f"the body is over {limit} bytes")
    if int(request.headers.get("content-length", "0")) > limit:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    start = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(READ_S) as clock:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise too_large
                claim.add(len(piece))
                pieces.append(piece)
                clock.reschedule(start + READ_S + size / SLOWEST_BYTES_S)
    except TimeoutError as error:
        raise _TooSlowError from error
    return b"".join(pieces)


def _failed(request: Request, error: Exception) -> Response:
    refusal = refusal_of(error)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if refusal.retryable else {}
    if "expect" in request.headers:
        # The client may or may not send the body it announced: only a new connection is sure.
        headers["Connection"] = "close"
    return _answered(request, refusal, headers)
