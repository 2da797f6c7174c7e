"""Put the OTLP requests of files into a store, as if they had been sent.

A bad request costs a dead letter and a note that names its place; the rest of the file is read.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.columns import TABLES
from spanledger_exporters.decoding import careful
from spanledger_exporters.errors import BadRequestError, BusyError, TooLargeError
from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.receiving.answers import Door
from spanledger_exporters.receiving.intake import Receipt, Reject
from spanledger_exporters.storing.writer import Request
from spanledger_exporters.unpacking import Piece, pieces

IN_FLIGHT_BYTES: Final = 64 << 20
"""Requests on their way to the disk; reading waits beyond that."""
_RETRY_S: Final = 0.05

_KEY: Final = re.compile(rb'"resource(Spans|Logs|Metrics)"')
_SIGNAL_OF_KEY: Final = {b"Spans": "spans", b"Logs": "logs", b"Metrics": "metrics"}
_NAMED: Final = {"trace": "spans", "span": "spans", "log": "logs", "metric": "metrics"}
_NAME: Final = re.compile("|".join(_NAMED))
_TRACE_ID_BYTES: Final = 16
_BROKEN: Final = "logs"
"""The dead letters' signal for what does not even tell its own."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that could not be imported: where it stands and why."""

    where: str
    reason: str


@dataclass(slots=True)
class Report:
    """What an import did: files and requests read, what could not be, and where."""

    files: int = 0
    requests: int = 0
    rejected: int = 0
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sent:
    where: str
    request: Request
    receipt: Future[Receipt]


def import_files(
    door: Door, files: Iterable[Path], advance: Callable[[int], None] = lambda _: None
) -> Report:
    """Send every request of the files through the door; all are durable when this returns.

    `advance` is told how many bytes of the files were read. Raises StoreError when a file cannot
    be opened or the store cannot be written.
    """
    sender = Sender(door)
    for path in files:
        sender.report.files += 1
        for piece in pieces(path, advance):
            sender.take(piece, path.name)
    sender.settle(0)
    return sender.report


class Sender:
    """Keeps a bounded number of bytes on the way and counts what came of them."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._waiting: deque[_Sent] = deque()
        self._bytes = 0
        self.report = Report()

    def take(self, piece: Piece, name: str) -> None:
        """Send one piece of the file of that name; what is bad in it is noted."""
        try:
            request = read(piece, name)
        except (BadRequestError, TooLargeError) as error:
            self._bad(piece, named(name) or _BROKEN, str(error))
            return
        self.report.requests += 1
        self._send(piece.where, request)

    def settle(self, down_to: int) -> None:
        """Wait until at most this many bytes are on their way."""
        while self._waiting and (self._bytes > down_to or not down_to):
            sent = self._waiting.popleft()
            self._bytes -= len(sent.request.payload)
            self._count(sent)

    def _send(self, where: str, request: Request) -> None:
        self.settle(IN_FLIGHT_BYTES)
        while True:
            try:
                receipt = self._door.submit(request.signal, request.payload, request.rejects)
                break
            except BusyError:
                self.settle(0)
                time.sleep(_RETRY_S)
        self._bytes += len(request.payload)
        self._waiting.append(_Sent(where, request, receipt))

    def _count(self, sent: _Sent) -> None:
        try:
            receipt = sent.receipt.result()
        except BusyError:
            self._send(sent.where, sent.request)
            return
        except (BadRequestError, TooLargeError) as error:
            piece = Piece(sent.where, sent.request.payload)
            self._bad(piece, sent.request.signal, str(error))
            return
        if receipt.rejected:
            self.report.rejected += receipt.rejected
            self.report.notes.append(Note(sent.where, receipt.message))

    def _bad(self, piece: Piece, signal: str, reason: str) -> None:
        """An empty request, and the piece as its reject: that makes it a dead letter."""
        self.report.rejected += 1
        self.report.notes.append(Note(piece.where, reason))
        self._door.submit(signal, b"", [Reject(piece.data, reason)]).result()


def read(piece: Piece, name: str) -> Request:
    """The request in a piece of the file of that name. Raises BadRequestError, TooLargeError."""
    if piece.error:
        raise BadRequestError(piece.error)
    if piece.data.lstrip()[:1] == b"{":
        return _from_json(piece.data)
    return Request(_signal_of(piece.data, named(name)), piece.data)


def _from_json(text: bytes) -> Request:
    key = _KEY.search(text)
    if key is None:
        raise BadRequestError("not OTLP: no resourceSpans, resourceLogs or resourceMetrics in it")
    signal = _SIGNAL_OF_KEY[key[1]]
    parsed = otlp_json.parse(signal, text)
    return Request(signal, parsed.payload, parsed.rejects)


def _signal_of(payload: bytes, hint: str | None) -> str:
    """The signal under which protobuf bytes make sense without a field left over."""
    likely = [hint] if hint else []
    for signal in (*likely, *TABLES):
        if careful.is_whole(signal, payload) and _has_ids(signal, payload):
            return signal
    if hint is None:
        raise BadRequestError("not OTLP: neither JSON nor a protobuf request of any signal")
    return hint


def _has_ids(signal: str, payload: bytes) -> bool:
    """Whether the first span has an id, if they are spans: a small metric parses as one too."""
    if signal != "spans":
        return True
    request = ExportTraceServiceRequest.FromString(payload)
    scopes = (scope for resource in request.resource_spans for scope in resource.scope_spans)
    first = next((span for scope in scopes for span in scope.spans), None)
    return first is None or len(first.trace_id) == _TRACE_ID_BYTES


def named(name: str) -> str | None:
    """The signal a file's name speaks of, the last one if it speaks of several."""
    found = _NAME.findall(name.lower())
    return _NAMED[found[-1]] if found else None
