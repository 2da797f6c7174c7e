"""Look at something at intervals, in a thread, until told to stop."""

import threading
from types import TracebackType
from typing import Self

from opentelemetry.context import Context

from spanledger._emit import guarded


class Watcher:
    """A thread that looks; what `look` tells belongs to the context the watch began in."""

    def __init__(self, what: str, interval_s: float, context: Context) -> None:
        self._what, self._interval_s, self._context = what, interval_s, context
        self._looking, self._ending = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"spanledger-{what}", daemon=True)
        with guarded(f"watching {what}"):
            self._thread.start()

    def look(self) -> None:
        """Look now."""
        with self._looking, guarded(f"looking at {self._what}"):
            self._look()

    def stop(self) -> None:
        """Look once more, then never again."""
        if not self._ending.is_set():
            self._ending.set()
            self.look()
            self._stopped()

    def _look(self) -> None:
        raise NotImplementedError

    def _stopped(self) -> None:
        """Give back what the watch needed."""

    def _run(self) -> None:
        while not self._ending.wait(self._interval_s):
            self.look()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        self.stop()
