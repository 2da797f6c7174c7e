"""Keep what could not be decoded, with the reason, one JSON line a record."""

import base64
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing.journal import write_whole
from spanledger_exporters.storing.layout import Layout


@dataclass(slots=True)
class DeadLetters:
    """The dead letters of one writer: `{"at_ns":…,"signal":…,"reason":…,"raw":"<base64>"}`."""

    layout: Layout
    writer: str
    count: int = 0

    def add(self, signal: str, rejects: Sequence[Reject]) -> None:
        """Write them durably in one append; raises StoreError when the disk refuses."""
        if not rejects:
            return
        now = time.time_ns()
        lines = b"".join(_line(signal, reject, now) for reject in rejects)
        path = self.layout.deadletter / f"{signal}-{self.writer}.jsonl"
        try:
            handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                write_whole(handle, [lines])
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
        self.count += len(rejects)


def _line(signal: str, reject: Reject, now: int) -> bytes:
    raw = base64.b64encode(reject.raw).decode()
    line = {"at_ns": now, "signal": signal, "reason": reject.reason, "raw": raw}
    return json.dumps(line).encode() + b"\n"
