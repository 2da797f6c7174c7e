"""Speak Arrow Flight SQL: SQL panels in Grafana without a plugin, ADBC and JDBC drivers.

Grafana's InfluxDB data source in its SQL mode sends a CommandStatementQuery, wants exactly one
endpoint back and fetches it. ADBC's DB-API prepares statements first. Nothing is kept between the
calls: a ticket and a prepared statement are the SQL itself, which runs when its rows are fetched.
"""

import contextlib
import hmac
import threading
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.flight as pf

from spanledger_exporters.errors import (
    BadRequestError,
    BusyError,
    LedgerError,
    NotFoundError,
    StoreError,
    TooLargeError,
    UsageError,
)
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.receiving.addresses import host_port, listen
from spanledger_exporters.viewing.asking import USUAL, Bounds, SlowError, ask, check
from spanledger_exporters.viewing.flight_catalog import answer
from spanledger_exporters.viewing.flight_types import shown
from spanledger_exporters.viewing.flight_words import Word, pack, unpack
from spanledger_exporters.viewing.yielding import yield_to_receivers

AT_ONCE: Final = 4
"""Questions that are answered at the same time; each may hold an answer of Bounds.size."""
_LARGEST_TEXT: Final = 1 << 20
_CREATE: Final = "CreatePreparedStatement"
_CLOSE: Final = "ClosePreparedStatement"
_STATEMENTS: Final = frozenset(
    {"CommandStatementQuery", "CommandPreparedStatementQuery", "TicketStatementQuery"}
)


@dataclass(frozen=True, slots=True)
class FlightServer:
    """A server that is running."""

    port: int
    _server: pf.FlightServerBase

    def stop(self, _grace_s: float = 5.0) -> None:
        """Finish what is being answered and close."""
        self._server.shutdown()


def serve_flight(
    data: Path, host: str, port: int, token: str | None, bounds: Bounds = USUAL
) -> FlightServer:
    """Start serving the ledger in `data`; port 0 chooses a free one.

    Raises UsageError when the port is taken.
    """
    # Arrow would log a taken port and not say why; 0 is free by itself.
    for sock in listen(host, port) if port else ():
        sock.close()
    door = {"token": _TokenDoor(token)} if token else {}
    try:
        server = _Server(data, bounds, f"grpc://{host_port(host, port)}", door)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"cannot listen on {host_port(host, port)}: {error}") from error
    return FlightServer(server.port, server)


class _TokenDoor(pf.ServerMiddlewareFactory):
    """Lets in who says `Authorization: Bearer <token>`."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._wanted = f"Bearer {token}".encode()

    def start_call(
        self, _info: pf.CallInfo, headers: Mapping[str, Sequence[str]]
    ) -> pf.ServerMiddleware | None:
        said = next((v for k, v in headers.items() if k.lower() == "authorization"), [""])
        if not hmac.compare_digest(said[0].encode(), self._wanted):
            raise pf.FlightUnauthenticatedError("send the header Authorization: Bearer <token>")
        return None


class _Server(pf.FlightServerBase):
    def __init__(
        self,
        data: Path,
        bounds: Bounds,
        location: str,
        middleware: Mapping[str, pf.ServerMiddlewareFactory],
    ) -> None:
        super().__init__(location, middleware=middleware)
        self._data = data
        self._bounds = bounds
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._opened: Ledger | None = None

    def get_flight_info(
        self, _context: pf.ServerCallContext, descriptor: pf.FlightDescriptor
    ) -> pf.FlightInfo:
        """One endpoint on this same connection; the schema comes with the rows."""
        with _told():
            word = _understood(descriptor.command)
            ticket = descriptor.command
            if word.name in _STATEMENTS:
                check(word.text)
                ticket = pack("TicketStatementQuery", statement_handle=word.text.encode())
        return pf.FlightInfo(None, descriptor, [pf.FlightEndpoint(ticket, [])])

    def get_schema(
        self, _context: pf.ServerCallContext, descriptor: pf.FlightDescriptor
    ) -> pf.SchemaResult:
        """The columns of a question, without its rows."""
        with _told():
            word = _understood(descriptor.command)
            limited = Word(word.name, _no_rows(word.text)) if word.name in _STATEMENTS else word
            return pf.SchemaResult(self._table(limited).schema)

    def do_get(self, _context: pf.ServerCallContext, ticket: pf.Ticket) -> pf.RecordBatchStream:
        """The rows, read to the end before the first is sent: the ledger is free by then."""
        with _told():
            return pf.RecordBatchStream(self._table(_understood(ticket.ticket)))

    def do_action(self, _context: pf.ServerCallContext, action: pf.Action) -> list[pf.Result]:
        """Prepare a statement, which only checks it, or forget one."""
        with _told():
            if action.type == _CLOSE:
                return []
            if action.type != _CREATE:
                raise BadRequestError(f"the action {action.type[:100]!r} is not offered here")
            text = _understood(action.body.to_pybytes()).text
            check(text)
            name = "ActionCreatePreparedStatementResult"
            return [pf.Result(pack(name, prepared_statement_handle=text.encode()))]

    def list_actions(self, _context: pf.ServerCallContext) -> list[tuple[str, str]]:
        """The two actions."""
        return [(_CREATE, "Check a SELECT"), (_CLOSE, "Nothing: none is kept")]

    def _table(self, word: Word) -> pa.Table:
        yield_to_receivers()
        if not self._places.acquire(timeout=self._bounds.seconds):
            raise BusyError(f"{AT_ONCE} questions are being answered: ask again")
        try:
            ledger = self._opened = self._opened or Ledger(self._data)
            if word.name in _STATEMENTS:
                return shown(ask(ledger, word.text, self._bounds))
            return answer(ledger, word)
        finally:
            self._places.release()


def _understood(data: bytes) -> Word:
    word = unpack(data)
    if len(word.text) > _LARGEST_TEXT:
        raise TooLargeError(f"the statement is over {_LARGEST_TEXT >> 20} MiB")
    return word


def _no_rows(text: str) -> str:
    check(text)
    return f"SELECT * FROM (\n{text.strip().rstrip(';')}\n) LIMIT 0"


@contextlib.contextmanager
def _told() -> Generator[None]:
    """Our errors as Flight's, which alone carry no stack trace to the asker."""
    try:
        yield
    except (StoreError, NotFoundError, BusyError) as error:
        raise pf.FlightUnavailableError(str(error)) from error
    except SlowError as error:
        raise pf.FlightTimedOutError(str(error)) from error
    except LedgerError as error:
        raise pf.FlightServerError(str(error)) from error
