"""Decide when to settle, and run the process that does."""

import logging
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.settling import QUIET_S

_LOG: Final = logging.getLogger(__name__)
MANY: Final = 200_000
"""Records that are settled even while more come in: they cost every question 5 us each."""
SOME: Final = 20_000
"""Fewer are not worth it."""
_PAUSE_S: Final = 10.0


class Unsettled(NamedTuple):
    """Records that questions must work on: of the `tail`, and those left `open` when last done."""

    tail: int = 0
    open: int = 0


@dataclass(slots=True)
class Settler:
    """One process at a time, of a low priority."""

    layout: Layout
    _process: "subprocess.Popen[bytes] | None" = None
    _seen: Unsettled = field(default_factory=Unsettled)
    _changed: float = field(default_factory=time.monotonic)
    _ended: float = field(default_factory=time.monotonic)
    _pause_s: float = _PAUSE_S

    def tick(self, unsettled: Unsettled) -> bool:
        """Begin when it is due; True when a process has ended, whose work can be shown."""
        now = time.monotonic()
        if unsettled != self._seen:
            self._seen, self._changed = unsettled, now
        if self._process is None:
            if self._is_due(unsettled, now):
                self._process = self._start()
            return False
        if self._process.poll() is None:
            return False
        self._end(self._process)
        return True

    def work(self) -> bool:
        """Settle once, and wait for it; False when it failed."""
        self.stop()
        self._process = process = self._start()
        self._end(process)
        return process.returncode == 0

    def stop(self) -> None:
        """End the process; what it has not finished is done again another time."""
        if self._process:
            self._process.terminate()
            self._process.communicate()
            self._process = None

    def _is_due(self, unsettled: Unsettled, now: float) -> bool:
        if now - self._ended < self._pause_s:
            return False
        return (
            unsettled.tail >= MANY
            or (unsettled.tail >= SOME and now - self._changed >= _PAUSE_S)
            or (sum(unsettled) >= SOME and now - self._ended >= QUIET_S)
        )

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "spanledger_exporters.storing.settling", str(self.layout.root)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for it, and say what was wrong."""
        _, complaint = process.communicate()
        self._process, self._ended = None, time.monotonic()
        self._pause_s = QUIET_S if process.returncode else _PAUSE_S
        if process.returncode:
            last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            _LOG.warning("not settled, questions stay slow; it is tried again: %s", last)
