"""Tell from DuckDB's words why it does not open or write a file: it has no error codes."""

import re
from enum import Enum
from pathlib import Path
from typing import Final

import duckdb


class Trouble(Enum):
    """What is the matter with a database file."""

    HELD = "open elsewhere, in another process or in this one"
    NEWER = "of a storage version this DuckDB does not know"
    SYSTEM = "the disk or its rights: the file is not to blame"
    DAMAGED = "its content is wrong"
    OTHER = "nothing that concerns the file"


_WORDS: Final = {
    Trouble.HELD: (
        "Could not set lock",
        "Conflicting lock",
        "different configuration",
        "Unique file handle conflict",
    ),
    Trouble.SYSTEM: (
        "No space left",
        "Disk quota",
        "File too large",
        "Permission denied",
        "Read-only file system",
        "Too many open files",
        "Input/output error",
        "Cannot allocate memory",
    ),
    Trouble.DAMAGED: ("Corrupt database file", "not a valid DuckDB database"),
}
_NEWER: Final = re.compile(r"version number (\d+), but we can only read (?:storage )?versions")


def trouble_of(error: duckdb.Error) -> Trouble:
    """What the error says; a fault of these kinds in no known words is taken for damage."""
    text = str(error)
    if _NEWER.search(text):
        return Trouble.NEWER
    for trouble, phrases in _WORDS.items():
        if any(phrase in text for phrase in phrases):
            return trouble
    kinds = duckdb.IOException | duckdb.FatalException | duckdb.InternalException
    broken = isinstance(error, kinds | duckdb.SerializationException)
    return Trouble.DAMAGED if broken else Trouble.OTHER


def newer(path: Path, error: duckdb.Error) -> str:
    """One line for the one who has the older DuckDB."""
    found = _NEWER.search(str(error))
    version = f" (storage version {found[1]})" if found else ""
    return (
        f"{path} was written by a newer DuckDB{version}; this is DuckDB {duckdb.__version__}:"
        " pip install -U duckdb"
    )
