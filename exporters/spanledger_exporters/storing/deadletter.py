"""Keep what could not be decoded, with the reason, one JSON line a record."""

import base64
import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing.journal import write_whole
from spanledger_exporters.storing.layout import Layout, sync_folder


@dataclass(slots=True)
class DeadLetters:
    """The dead letters of one writer: `{"at_ns":…,"signal":…,"reason":…,"raw":"<base64>"}`."""

    layout: Layout
    writer: str
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, signal: str, rejects: Sequence[Reject]) -> None:
        """Write them durably in one append; raises StoreError when the disk refuses."""
        if not rejects:
            return
        now = time.time_ns()
        lines = b"".join(_line(signal, reject, now) for reject in rejects)
        path = self.layout.deadletter / f"{signal}-{self.writer}.jsonl"
        try:
            with self._lock:
                _append(path, lines)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
        self.count += len(rejects)


def _append(path: Path, lines: bytes) -> None:
    """Add lines durably; when that fails the file is as it was."""
    new = not path.exists()
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(handle).st_size
        try:
            write_whole(handle, [lines])
            os.fdatasync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)
    if new:
        sync_folder(path.parent)


def _line(signal: str, reject: Reject, now: int) -> bytes:
    raw = base64.b64encode(reject.raw).decode()
    line = {"at_ns": now, "signal": signal, "reason": reject.reason, "raw": raw}
    return json.dumps(line).encode() + b"\n"
