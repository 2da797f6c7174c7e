"""Write requests to the journal: decode together, append, sync; only then are they acknowledged."""

import hashlib
import itertools
import secrets
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyarrow as pa

from spanledger_exporters.decoding import requests, rows
from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import LedgerError, StoreError
from spanledger_exporters.storing.deadletter import DeadLetters
from spanledger_exporters.storing.journal import HotFile, Journal
from spanledger_exporters.storing.layout import SIGNALS, Layout
from spanledger_exporters.storing.memory import RecentRequests, RecentSpans
from spanledger_exporters.storing.publish import Sealed

_DISK_CHECK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an accepted request: how many records are dead letters, and why."""

    rejected: int
    message: str


@dataclass(frozen=True, slots=True)
class Request:
    """A serialized Export request of one signal, with what its receiver already rejected."""

    signal: str
    payload: bytes
    rejects: Sequence[Reject] = ()

    def fingerprint(self) -> str:
        """The same for a retry of the same request, whatever its transport and encoding."""
        digest = hashlib.sha256(self.signal.encode())
        digest.update(self.payload)
        for reject in self.rejects:
            digest.update(reject.raw)
        return digest.hexdigest()[:24]


@dataclass(slots=True)
class Counts:
    """Records by what has happened to them since this writer started."""

    received: int = 0
    journaled: int = 0
    repeated_requests: int = 0


@dataclass(slots=True)
class Writer:
    """Appends to the journal of one directory; safe to use from several threads."""

    layout: Layout
    durable: bool = True
    min_free_bytes: int = 64 << 20
    seal_bytes: int = 32 << 20
    name: str = field(default_factory=lambda: secrets.token_hex(5))
    counts: dict[str, Counts] = field(default_factory=lambda: {s: Counts() for s in SIGNALS})
    recent_requests: RecentRequests = field(default_factory=RecentRequests)
    recent_spans: RecentSpans = field(default_factory=RecentSpans)
    journal: Journal = field(init=False)
    dead_letters: DeadLetters = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tables: dict[Path, list[pa.Table]] = field(default_factory=dict)
    _seq: int = 0
    _disk_checked: float = 0.0

    def __post_init__(self) -> None:
        self.journal = Journal(self.layout, self.name, durable=self.durable)
        self.dead_letters = DeadLetters(self.layout, self.name)
        self.recent_requests.load(self.layout)

    def write(self, signal: str, batch: Sequence[Request]) -> list[Receipt | LedgerError]:
        """Make requests of one signal durable, all in one group; a result for each, in order.

        A request that is refused does not keep the others. Raises StoreError when nothing can be
        written now: none of them was kept.
        """
        with self._lock:
            self._check_disk()
            return self._write(signal, batch)

    def _write(self, signal: str, batch: Sequence[Request]) -> list[Receipt | LedgerError]:
        results: dict[str, Receipt | LedgerError] = {}
        fresh: dict[str, Request] = {}
        prints = [request.fingerprint() for request in batch]
        for key, request in zip(prints, batch, strict=True):
            known = self.recent_requests.receipt(key)
            if known is not None:
                results[key] = Receipt(*known)
                self.counts[signal].repeated_requests += 1
            else:
                fresh[key] = request
        if fresh:
            results |= self._commit(signal, fresh)
        return [results[key] for key in prints]

    def _commit(self, signal: str, fresh: dict[str, Request]) -> dict[str, Receipt | LedgerError]:
        found, outcomes = requests.decode(signal, [one.payload for one in fresh.values()])
        results: dict[str, Receipt | LedgerError] = {}
        rejects: dict[str, list[Reject]] = {}
        for (key, request), outcome in zip(fresh.items(), outcomes, strict=True):
            if isinstance(outcome, LedgerError):
                results[key] = outcome
            else:
                rejects[key] = [*request.rejects, *outcome]
        lost = list(itertools.chain.from_iterable(rejects.values()))
        self.dead_letters.add(signal, lost)
        if found.count:
            self._journal(found, list(rejects))
        self.counts[signal].received += found.count + len(lost)
        for key, one in rejects.items():
            results[key] = Receipt(len(one), _why(one))
            self.recent_requests.remember(key, (len(one), _why(one)))
        return results

    def _journal(self, found: rows.Rows | rows.FewRows, keys: list[str]) -> None:
        signal = found.signal
        counts: Mapping[int, int] = {}
        if signal == "spans":
            found, counts = self.recent_spans.number(found)
        batch = rows.stamp(found, time.time_ns(), self.name, self._seq)
        self._seq += batch.count
        self.journal.append(signal, batch.lines, batch.count, keys)
        self.recent_spans.remember(counts)
        self.counts[signal].journaled += batch.count
        file = self.journal.open_file(signal)
        if file:
            self._keep_table(file, batch)
            if file.size >= self.seal_bytes:
                self.journal.rotate(signal)

    def _keep_table(self, file: HotFile, batch: rows.Batch) -> None:
        """Remember the rows for the segment, unless the file began with a group without a table.

        Such a file is read back from its lines when it is sealed: a dozen us a span in DuckDB, on
        another thread, where making a table for every small group would take a ms on this one.
        """
        if file.records == batch.count and batch.ready is not None:
            self._tables[file.path] = []
        if file.path in self._tables:
            self._tables[file.path].append(batch.table)

    def seal(self, older_than_s: float) -> list[Sealed]:
        """Stop writing files of that age and hand over all that are no longer written."""
        with self._lock:
            now = time.monotonic()
            for signal in SIGNALS:
                file = self.journal.open_file(signal)
                if file and now - file.started >= older_than_s:
                    self.journal.rotate(signal)
            return [
                Sealed(signal, file.path, file.records, self._tables.pop(file.path, []), file)
                for signal, file in self.journal.take_retired()
            ]

    def has_work(self, older_than_s: float) -> bool:
        """Whether a file of that age, or one that is no longer written, waits to be sealed."""
        with self._lock:
            files = [self.journal.open_file(signal) for signal in SIGNALS]
            old = [f for f in files if f and time.monotonic() - f.started >= older_than_s]
            return bool(old) or self.journal.has_retired()

    def free_bytes(self) -> int:
        """What the disk under the directory still takes."""
        return shutil.disk_usage(self.layout.root).free

    def _check_disk(self) -> None:
        now = time.monotonic()
        if now - self._disk_checked < _DISK_CHECK_S:
            return
        free = self.free_bytes()
        if free < self.min_free_bytes:
            raise StoreError(
                f"only {free >> 20} MiB free under {self.layout.root}, "
                f"need {self.min_free_bytes >> 20}: free some space, senders will retry"
            )
        self._disk_checked = now


def _why(rejects: Sequence[Reject]) -> str:
    """One English sentence for the partial success; the first reason stands for all."""
    return f"{len(rejects)} rejected: {rejects[0].reason}"[:500] if rejects else ""
