"""Keep rows on the disk until it is known which split each is for; each content once."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final

from pydantic_core import PydanticSerializationError, to_json

from spanledger_exporters.tuning.masking import Masker
from spanledger_exporters.tuning.rows import Made

_COUNTED: Final = ("reason", "dialect", "model", "plan_status", "context", "tools")
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Spool:
    """Rows as JSON in a file without a name; `sessions` has the first session of each.

    `in_place` says that provenance is a column of the row.
    """

    file: IO[bytes]
    in_place: bool
    sessions: list[str] = field(default_factory=list[str])
    joined: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    masked_rows: int = 0
    _kinds: Counter[tuple[object, ...]] = field(default_factory=Counter[tuple[object, ...]])
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
        beside = b"" if self.in_place else encoded(provenance)
        self.file.write(b"%b\t%b\n" % (encoded(row), beside))
        self.sessions.append(made.sessions[0])
        if len(set(made.sessions)) > 1:
            self.joined.append(made.sessions)
        self._kinds[tuple(provenance.get(name) for name in _COUNTED)] += 1
        return True

    @property
    def counts(self) -> dict[str, Counter[str]]:
        """How many rows have which reason, dialect, model and so on, by name of the column."""
        counts: dict[str, Counter[str]] = {}
        for values, rows in self._kinds.items():
            for name, value in zip(_COUNTED, values, strict=True):
                counts.setdefault(name, Counter())[str(value or "unknown")] += rows
        return counts

    def rows(self) -> Iterator[tuple[bytes, bytes]]:
        """Every row as JSON, and its provenance where that is no column; in the order they came."""
        self.file.seek(0)
        for line in self.file:
            row, _, provenance = line.removesuffix(b"\n").partition(b"\t")
            yield row, provenance


def encoded(value: object) -> bytes:
    """JSON in UTF-8, on one line and without a tab; half a surrogate becomes a question mark."""
    try:
        return to_json(value)  # three times as fast as the standard library
    except PydanticSerializationError:
        return _ENCODER.encode(value).encode("utf-8", "replace")


def unnamed(folder: str | None) -> IO[bytes]:
    """A file that is gone when it is closed, on the disk the rows will be written to."""
    return tempfile.TemporaryFile(dir=folder)
