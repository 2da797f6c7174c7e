"""Put a new `ledger.duckdb` in the place of the old one, which its readers go on reading.

A generation is a folder of its own with one file, written once. The newest is the file that people
open, under a second name (a hard link). What only an older one names may be deleted when nobody
has it open any more: then it goes itself.
"""

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Final

from spanledger_exporters.storing import gate
from spanledger_exporters.storing.layout import Layout

_POLL_S: Final = 0.01


class HeldError(Exception):
    """Another process has the file open in a way that is in ours; the message names it."""


def to_read(layout: Layout) -> Path:
    """The name to open the newest generation by.

    DuckDB gives connections of one process the same database if they name the same path: by its
    own name each is read by who opens it, however long others stay with an older one. Who has
    `ledger.duckdb` itself open shares that: a second database on one file would give up the lock
    of both when it closes.
    """
    newest = current(layout)
    with contextlib.suppress(FileNotFoundError):
        if layout.ledger in gate.names_here(newest):
            return layout.ledger
    return newest


def current(layout: Layout) -> Path:
    """The newest generation by its own name, or `ledger.duckdb` if it has no other."""
    with contextlib.suppress(FileNotFoundError):
        known = layout.ledger.stat()
        for path in _all(layout):
            if path.exists() and os.path.samestat(path.stat(), known):
                return path
    return layout.ledger


def begin(layout: Layout) -> Path:
    """Where the next one is to be made. The present one gets a name of its own, if it has none."""
    if layout.ledger.exists() and current(layout) == layout.ledger:
        _new(layout).hardlink_to(layout.ledger)
    return _new(layout)


def _new(layout: Layout) -> Path:
    folder = layout.generations / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    return folder / layout.ledger.name


def _all(layout: Layout) -> list[Path]:
    return [folder / layout.ledger.name for folder in layout.generations.glob("*")]


def place(layout: Layout, path: Path) -> None:
    """Let people open this one from now on."""
    temporary = layout.root / "ledger.duckdb.new"
    temporary.unlink(missing_ok=True)
    temporary.hardlink_to(path)
    temporary.rename(layout.ledger)


def held(layout: Layout) -> dict[Path, str]:
    """The older generations that somebody has open, and who; all others go."""
    newest = current(layout)
    older = {path: _reader(path) for path in _all(layout) if path != newest}
    return {path: who for path, who in older.items() if who is not None}


def _reader(path: Path) -> str | None:
    """Who has an older generation open; if nobody does it is deleted."""
    # Out of the way of a thread of ours that is about to open it: no lock would keep it out.
    leaving = path.with_name("leaving.duckdb")
    with contextlib.suppress(FileNotFoundError):
        path.rename(leaving)
    if leaving.exists():
        if who := gate.shut(leaving):
            leaving.rename(path)
            return who
        gate.bury(leaving)
    shutil.rmtree(path.parent, ignore_errors=True)
    return None


class Leftovers:
    """What generations name that were replaced, and the newest does without. For who publishes."""

    def __init__(self, layout: Layout) -> None:
        """Nothing yet; what another process left is found by the next publish."""
        self._layout = layout
        self._batches: list[tuple[Path, set[Path]]] = []

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, paths: Iterable[Path]) -> None:
        """All files and folders that the generation just placed does without.

        What was one before and is not any more is needed again: it stays.
        """
        unneeded = set(paths)
        kept = [(generation, batch & unneeded) for generation, batch in self._batches]
        new = unneeded.difference(*(batch for _, batch in kept))
        self._batches = [*kept, (current(self._layout), new)]

    def tidy(self) -> str | None:
        """Delete what only generations name that nobody has open; who has one, if somebody has."""
        readers = held(self._layout)
        known = [generation for generation, _ in self._batches]
        # Each needs what only later ones do without. One that is not among ours is older.
        places = (known.index(path) + 1 if path in known else 0 for path in readers)
        over = min(places, default=len(known))
        for path in (path for _, batch in self._batches[:over] for path in batch):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        del self._batches[:over]
        return next(iter(readers.values()), None)


@contextlib.contextmanager
def alone(layout: Layout, wait_s: float) -> Generator[None]:
    """While nobody has any generation open, and nobody can open one but what the block places.

    Raises HeldError when somebody stays for longer than `wait_s`.
    """
    deadline = time.monotonic() + wait_s
    while who := next(iter(held(layout).values()), None) or _shut(layout):
        if time.monotonic() >= deadline:
            raise HeldError(f"{layout.ledger} is open in {who}")
        time.sleep(_POLL_S)
    before = current(layout)
    try:
        yield
    finally:
        if before.exists() and before == current(layout):
            gate.reopen(before)


def _shut(layout: Layout) -> str | None:
    return gate.shut(layout.ledger) if layout.ledger.exists() else None
