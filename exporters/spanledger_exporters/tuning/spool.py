"""Keep rows on the disk until it is known which split each is for; each content once."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from spanledger_exporters.tuning.masking import Masker
from spanledger_exporters.tuning.rows import Made


@dataclass(slots=True)
class Spool:
    """Rows as JSON lines in a file without a name; `sessions` has the first session of each.

    `in_place` says that provenance is a column of the row.
    """

    file: IO[bytes]
    in_place: bool
    sessions: list[str] = field(default_factory=list[str])
    joined: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    counts: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    masked_rows: int = 0
    _seen: set[bytes] = field(default_factory=set[bytes])

    def add(self, made: Made, masker: Masker) -> bool:
        """Keep a row; False when its content is there already."""
        if made.mark in self._seen:
            return False
        self._seen.add(made.mark)
        about = made.provenance
        row, found = masker.row({**made.row, "provenance": {**about}})
        provenance: dict[str, object] = {**row.pop("provenance"), "redacted": found}
        if self.in_place:
            row["provenance"] = provenance
        self.masked_rows += bool(found)
        line = json.dumps([row, provenance], ensure_ascii=False)
        self.file.write(line.encode("utf-8", "replace") + b"\n")
        self.sessions.append(made.sessions[0])
        if len(set(made.sessions)) > 1:
            self.joined.append(made.sessions)
        self._count(provenance)
        return True

    def _count(self, provenance: dict[str, object]) -> None:
        for name in ("reason", "dialect", "model", "plan_status", "context", "tools"):
            value = provenance.get(name)
            self.counts.setdefault(name, Counter())[str(value or "unknown")] += 1

    def rows(self) -> Iterator[tuple[dict[str, object], dict[str, object]]]:
        """Every row and its provenance, in the order they came."""
        self.file.seek(0)
        for line in self.file:
            row, provenance = json.loads(line)
            yield row, provenance


def unnamed(folder: str | None) -> IO[bytes]:
    """A file that is gone when it is closed, on the disk the rows will be written to."""
    return tempfile.TemporaryFile(dir=folder)
