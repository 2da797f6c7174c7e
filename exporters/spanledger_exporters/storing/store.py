"""Open a data directory for writing: the intake, and the thread that seals and publishes."""

import atexit
import logging
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Self

from spanledger_exporters.errors import LedgerError, StoreError
from spanledger_exporters.receiving.intake import Intake
from spanledger_exporters.settings import Settings
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import USUAL, Merging
from spanledger_exporters.storing.publish import Published, Publisher, Sealed
from spanledger_exporters.storing.retention import drop_old
from spanledger_exporters.storing.settler import SOME, Settler
from spanledger_exporters.storing.writer import Writer

_LOG: Final = logging.getLogger(__name__)
_TICK_S: Final = 0.1
_AFTER_FAILURE_S: Final = 1.0
_PUBLISH_WAIT_S: Final = 1.0
_HELD_SEAL_AGE_S: Final = 30.0
"""While somebody stays with an older ledger, whatever is sealed stays as well: fewer files then."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Settings of a writer.

    `seal_bytes` and `seal_age_s` end a hot file; `keep_journal` is how many days published
    journal files stay, or `forever`, or `none` (then segments cannot be rebuilt).
    """

    durability: Literal["fsync", "write"] = "fsync"
    seal_bytes: int = 32 << 20
    seal_age_s: float = 2.0
    keep_journal: Literal["forever", "none"] | int = "forever"
    min_free_bytes: int = 64 << 20
    limit_bytes: int = 256 << 20
    merging: Merging = USUAL
    settles: bool = True
    """Start a process, once in 200,000 records, that settles stories that are over."""
    show_later: bool = False
    """Take records before what is there is shown: making all views takes a second of CPU."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the settings say of a store; all else as it is by default."""
        return cls(settings.durability, keep_journal=settings.keep_journal)


@dataclass(frozen=True, slots=True)
class Status:
    """Records since this writer started, by signal where it is a dict.

    `holder` keeps the `deferred` ones from being published; `reader` has an older ledger open, for
    whom files stay that nobody else needs.
    """

    writer: str
    received: dict[str, int]
    journaled: dict[str, int]
    published: int
    deferred: int
    repeated_requests: int
    dead_letters: int
    lag_s: float
    holder: str | None
    reader: str | None
    free_bytes: int


@dataclass(slots=True)
class _Progress:
    published: int = 0
    holder: str | None = None
    reader: str | None = None
    pending: list[Sealed] = field(default_factory=list)
    oldest: float | None = None


class Store:
    """One writer of a directory; several may be open at once, in several processes."""

    def __init__(self, root: Path, options: StoreOptions) -> None:
        """Use `Store.open`."""
        self.layout = Layout(root.resolve())
        self.layout.create()
        self._options = options
        self._writer = Writer(
            self.layout,
            durable=options.durability == "fsync",
            min_free_bytes=options.min_free_bytes,
            seal_bytes=options.seal_bytes,
        )
        self._publisher = Publisher(
            self.layout,
            self._writer.name,
            self._writer.dead_letters,
            keep_journal=options.keep_journal != "none",
            merging=options.merging,
        )
        self._settler = Settler(self.layout)
        self._progress = _Progress()
        self._process = os.getpid()
        self._publishing = threading.Lock()
        self._settling = threading.Lock()
        self._closing = threading.Event()
        self.intake = Intake(self._writer, limit_bytes=options.limit_bytes)
        self._keeper = threading.Thread(target=self._run, name="spanledger-keeper", daemon=True)

    @classmethod
    def open(cls, root: Path, options: StoreOptions | None = None) -> "Store":
        """Open or make a directory, recover what a killed writer left, show the views.

        Raises StoreError in one line when the directory or its `ledger.duckdb` cannot be used.
        """
        store = cls(root, options or StoreOptions())
        try:
            if not store._options.show_later:
                store.publish(wait_s=_PUBLISH_WAIT_S)
        except BaseException:
            store.intake.close()
            raise
        store._keeper.start()
        # A thread that is inside DuckDB when the interpreter ends would abort the process.
        atexit.register(store._stop_keeping)
        return store

    def flush(self) -> None:
        """Return when everything admitted so far is durable."""
        self.intake.barrier()

    def publish(self, wait_s: float) -> bool:
        """Seal everything and show it; False when another process was in the way that long."""
        deadline = time.monotonic() + wait_s
        while True:
            outcome = self._publish(older_than_s=0.0, wait_s=max(0.0, deadline - time.monotonic()))
            if outcome.done or time.monotonic() >= deadline:
                return outcome.done
            time.sleep(0.02)

    def settle(self, tell: Callable[[int], None] = lambda _: None) -> None:
        """Settle what there is of stories that are over, and show it: after an import.

        `tell` is told how many records wait, each time before the process works on some of them.
        """
        with self._settling:
            before, left = -1, self._publisher.unsettled.tail
            while left >= SOME and left != before:
                tell(left)
                if not (self._settler.work() and self.publish(_PUBLISH_WAIT_S)):
                    return
                before, left = left, self._publisher.unsettled.tail

    def status(self) -> Status:
        """How far this writer is."""
        progress = self._progress
        counts = self._writer.counts
        oldest = progress.oldest
        return Status(
            writer=self._writer.name,
            received={signal: c.received for signal, c in counts.items()},
            journaled={signal: c.journaled for signal, c in counts.items()},
            published=progress.published,
            deferred=sum(one.records for one in progress.pending),
            repeated_requests=sum(c.repeated_requests for c in counts.values()),
            dead_letters=self._writer.dead_letters.count,
            lag_s=0.0 if oldest is None else round(time.monotonic() - oldest, 3),
            holder=progress.holder,
            reader=progress.reader,
            free_bytes=self._writer.free_bytes(),
        )

    def close(self) -> None:
        """Write what was admitted, seal it, show it if nobody is in the way, and let go."""
        self.intake.close()
        self._stop_keeping()
        atexit.unregister(self._stop_keeping)
        try:
            self.publish(wait_s=2.0)
        except StoreError as error:
            _LOG.warning("%s; the next one to open it publishes", error)
        finally:
            for one in self._progress.pending:
                one.file.close()

    def _stop_keeping(self) -> None:
        # In a forked child the thread is not there, and its locks may be held for ever.
        if os.getpid() != self._process:
            return
        self._closing.set()
        if self._keeper.is_alive():
            self._keeper.join()
        self._settler.stop()

    def _run(self) -> None:
        wait_s = _TICK_S
        shown = not self._options.show_later
        while not self._closing.wait(wait_s):
            try:
                shown = shown or self.publish(_PUBLISH_WAIT_S)
                self._tick()
                wait_s = _TICK_S
            except Exception as error:
                wait_s = _AFTER_FAILURE_S
                self._tell(error)

    def _tell(self, error: Exception) -> None:
        """Log it when it is another one than before: it may come every second."""
        if str(error) != self._progress.holder:
            self._progress.holder = str(error)
            expected = isinstance(error, LedgerError)
            _LOG.warning("%s; it is tried again", error, exc_info=None if expected else error)

    def _tick(self) -> None:
        waiting = bool(self._progress.pending)
        if not waiting and self._publisher.tidy() is None:
            self._progress.reader = None
        age_s = self._options.seal_age_s
        if self._progress.reader is not None:
            age_s = max(age_s, _HELD_SEAL_AGE_S)
        if waiting or self._writer.has_work(age_s):
            # While someone is in the way, files grow instead of becoming many.
            self._publish(math.inf if waiting else age_s, _PUBLISH_WAIT_S)
            if isinstance(self._options.keep_journal, int):
                drop_old(self.layout, self._options.keep_journal)
        if self._options.settles and self._settling.acquire(blocking=False):
            self._settle_some()

    def _settle_some(self) -> None:
        try:
            if self._settler.tick(self._publisher.unsettled):
                self._publish(math.inf, _PUBLISH_WAIT_S)
        finally:
            self._settling.release()

    def _publish(self, older_than_s: float, wait_s: float) -> Published:
        with self._publishing:
            progress = self._progress
            progress.pending += self._writer.seal(older_than_s)
            if progress.pending and progress.oldest is None:
                progress.oldest = time.monotonic()
            outcome = self._publisher.publish(progress.pending, wait_s)
            progress.holder, progress.reader = outcome.holder, outcome.reader
            if outcome.done:
                progress.published += outcome.records
                progress.pending, progress.oldest = [], None
            return outcome
