"""Take people's judgements over HTTP, as `spanledger feedback` does on the command line.

`POST /api/feedback` with `{"kind": "plan", "id": …, "label": "good"}`. Only `application/json` is
read: a page elsewhere cannot send that without being asked first, and nobody here would agree.
"""

import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from spanledger_exporters.errors import LedgerError, NotFoundError, TooLargeError, UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.receiving.answers import RETRY_AFTER_S, Door, Encoding, encoding_of
from spanledger_exporters.tuning import judgements

_MOST_BYTES: Final = 64 << 10
_READ_S: Final = 10.0
_AT_ONCE: Final = 2
"""Finding what is judged is a question to the ledger, which may take a second of a core."""
_STATUS: Final[dict[type[LedgerError], HTTPStatus]] = {
    UsageError: HTTPStatus.BAD_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""Of all others: send it again later."""
_Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Sent(BaseModel):
    """What a request says."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["session", "plan", "step", "call"]
    id: _Text
    step: _Text | None = None
    label: _Text | None = None
    score: Annotated[float, Field(allow_inf_nan=False)] | None = None
    name: _Text = "quality"
    note: Annotated[str, Field(max_length=20_000)] | None = None


class Feedback:
    """The judgements for one data directory; `door` is where the server's own telemetry goes in."""

    def __init__(self, data: Path, door: Door) -> None:
        self._data = data
        self._door = door
        self._turn = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[Route]:
        """For an application to mount."""
        return [Route("/api/feedback", self._take, methods=["POST"])]

    async def _take(self, request: Request) -> Response:
        if encoding_of(request.headers.get("content-type", "")) is not Encoding.JSON:
            message = f"Content-Type must be {Encoding.JSON.value}"
            return _refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message)
        try:
            sent = _parsed(await _body(request))
            async with self._turn:
                target = await run_in_threadpool(self._record, sent)
        except TimeoutError:
            return _refused(HTTPStatus.REQUEST_TIMEOUT, "the body took too long to arrive")
        except LedgerError as error:
            status = _STATUS.get(type(error), HTTPStatus.SERVICE_UNAVAILABLE)
            return _refused(status, str(error))
        return JSONResponse({**target.ids(), **sent.model_dump(exclude_none=True)}, 201)

    def _record(self, sent: _Sent) -> judgements.Target:
        said = judgements.Judgement(sent.name, sent.label, sent.score, sent.note)
        target = judgements.find(Ledger(self._data), sent.kind, sent.id, sent.step)
        judgements.tell(self._door, target, said)
        return target


async def _body(request: Request) -> bytes:
    found = b""
    async with asyncio.timeout(_READ_S):
        async for piece in request.stream():
            found += piece
            if len(found) > _MOST_BYTES:
                raise TooLargeError(f"the body is over {_MOST_BYTES >> 10} KiB")
    return found


def _parsed(body: bytes) -> _Sent:
    try:
        return _Sent.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise UsageError(f"{where}: {first['msg'][:200]}") from error


def _refused(status: HTTPStatus, message: str) -> Response:
    is_later = status == HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": str(RETRY_AFTER_S)} if is_later else None
    return JSONResponse({"error": message}, status, headers)
