"""Keep what could not be decoded, with the reason, one JSON line a record."""

import base64
import json
import os
import time
from dataclasses import dataclass

from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing.layout import Layout


@dataclass(slots=True)
class DeadLetters:
    """The dead letters of one writer: `{"at_ns":…,"signal":…,"reason":…,"raw":"<base64>"}`."""

    layout: Layout
    writer: str
    count: int = 0

    def add(self, signal: str, raw: bytes, reason: str) -> None:
        """Write one durably; raises StoreError when the disk does not let us."""
        line = json.dumps(
            {
                "at_ns": time.time_ns(),
                "signal": signal,
                "reason": reason,
                "raw": base64.b64encode(raw).decode(),
            }
        )
        path = self.layout.deadletter / f"{signal}-{self.writer}.jsonl"
        try:
            handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, line.encode() + b"\n")
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
        self.count += 1
