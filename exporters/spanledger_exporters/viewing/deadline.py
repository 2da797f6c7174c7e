"""Bound how long a question may take, and stop it when nobody waits for the answer any more.

While a question runs the ledger is open, and nothing can be published.
"""

import contextlib
import threading
import time
from collections.abc import Generator

import duckdb


class Deadline:
    """The time left for one call; its questions run one after the other."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._end = time.monotonic() + limit_s
        self._lock = threading.Lock()
        self._running: duckdb.DuckDBPyConnection | None = None
        self._over = False

    def stop(self) -> None:
        """Interrupt what is running and let nothing start; from any thread, any number of times."""
        with self._lock:
            self._over = True
            if self._running is not None:
                self._running.interrupt()

    @contextlib.contextmanager
    def watching(self, db: duckdb.DuckDBPyConnection) -> Generator[None]:
        """Interrupt the connection's queries when the time is up; raises TimeoutError then."""
        timer = threading.Timer(max(0.0, self._end - time.monotonic()), self.stop)
        timer.daemon = True
        self._run(db)
        timer.start()
        try:
            yield
        except duckdb.InterruptException:
            raise self._late() from None
        finally:
            timer.cancel()
            with self._lock:
                self._running = None

    def check(self) -> None:
        """Raise TimeoutError when it is over; for work that is no query."""
        with self._lock:
            self._check()

    def _run(self, db: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._check()
            self._running = db

    def _check(self) -> None:
        if self._over or time.monotonic() >= self._end:
            raise self._late()

    def _late(self) -> TimeoutError:
        return TimeoutError(f"no answer within {self._limit_s:.3g} s: narrow the search")
