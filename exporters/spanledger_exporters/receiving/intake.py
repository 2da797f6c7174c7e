"""Admit requests, bounded in bytes, and have them written in groups by one thread."""

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import BusyError, LedgerError, StoreError
from spanledger_exporters.storing.writer import Receipt, Request, Writer

__all__ = ["Intake", "Receipt", "Reject"]

_LOG: Final = logging.getLogger(__name__)
_GROUP_BYTES: Final = 4 << 20
_GROUP_REQUESTS: Final = 256
_Entry = tuple[Request, "Future[Receipt]"]
_Barrier = threading.Event
_MORE: Final = threading.Event()
"""Stands for whatever comes next."""


class Intake:
    """The door to the journal: what comes out of a future is durable.

    A group is whatever arrived while the last one was being written, up to 4 MiB: alone, a request
    waits for nobody; under load the cost of a sync and of decoding is shared.
    """

    def __init__(self, writer: Writer, *, limit_bytes: int = 256 << 20) -> None:
        """`limit_bytes` bounds the payloads that wait; above it senders are told to retry."""
        self._writer = writer
        self._limit = limit_bytes
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[_Entry | _Barrier | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="spanledger-intake", daemon=True)
        self._thread.start()

    def submit(
        self, signal: str, payload: bytes, rejects: Sequence[Reject] = ()
    ) -> "Future[Receipt]":
        """Queue a serialized Export request of `spans`, `logs` or `metrics`.

        The future resolves when it is durable, or fails with a LedgerError. Raises BusyError when
        too much is waiting or the store is closing.
        """
        future: Future[Receipt] = Future()
        # Its sender may go away, but what was admitted is written: it cannot be cancelled.
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._closed or self._waiting_bytes + len(payload) > self._limit:
                raise BusyError("too much is waiting to be written; send again later")
            self._waiting_bytes += len(payload)
            self._queue.put((Request(signal, payload, rejects), future))
        return future

    def close(self) -> None:
        """Write everything admitted, then stop; later submissions are refused."""
        with self._lock:
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def barrier(self) -> None:
        """Return when everything admitted before is durable or refused."""
        reached = _Barrier()
        self._queue.put(reached)
        while self._thread.is_alive() and not reached.wait(0.1):
            pass

    def _run(self) -> None:
        entry = self._queue.get()
        while entry is not None:
            if isinstance(entry, _Barrier):
                entry.set()
                entry = self._queue.get()
                continue
            group, following = self._group(entry)
            for signal in {request.signal for request, _ in group}:
                self._write(signal, [e for e in group if e[0].signal == signal])
            entry = self._queue.get() if following is _MORE else following

    def _group(self, first: _Entry) -> tuple[list[_Entry], "_Entry | _Barrier | None"]:
        """The first entry with those that wait behind it, and what comes after them."""
        group, size = [first], len(first[0].payload)
        while size < _GROUP_BYTES and len(group) < _GROUP_REQUESTS:
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                break
            if entry is None or isinstance(entry, _Barrier):
                return group, entry
            group.append(entry)
            size += len(entry[0].payload)
        return group, _MORE

    def _write(self, signal: str, group: list[_Entry]) -> None:
        try:
            results = self._results(signal, [request for request, _ in group])
        finally:
            with self._lock:
                self._waiting_bytes -= sum(len(request.payload) for request, _ in group)
        for (_, future), result in zip(group, results, strict=True):
            if isinstance(result, LedgerError):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _results(self, signal: str, requests: list[Request]) -> Sequence[Receipt | LedgerError]:
        try:
            return self._writer.write(signal, requests)
        except StoreError as error:
            return [error] * len(requests)
        except Exception as error:
            if len(requests) == 1:
                _LOG.exception("a request could not be written")
                return [StoreError(f"internal error: {error!r}")]
            return [self._results(signal, [request])[0] for request in requests]
