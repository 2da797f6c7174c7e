"""Give tests that measure time the machine alone, and end with pytest's own last line."""

import fcntl
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

_STATUS = pytest.StashKey[int]()
_ROOM = pytest.StashKey["_Room"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/queries/*/*.csv, then compare"
    )
    parser.addoption(
        "--update-pictures", action="store_true", help="take those of docs/viewing.md anew"
    )


def pytest_configure(config: pytest.Config) -> None:
    assert config.cache is not None
    config.stash[_ROOM] = _Room(config.cache.mkdir("turns"))


class _Room:
    """Where tests of all workers are at once, or one worker's that measure time, alone.

    Whoever waits does so inside the door, so that no new ones come in ahead.
    """

    def __init__(self, folder: Path) -> None:
        self._door = (folder / "door").open("w")
        self._room = (folder / "room").open("w")
        self.is_mine = False

    def enter(self, *, alone: bool) -> None:
        fcntl.flock(self._door, fcntl.LOCK_EX)
        fcntl.flock(self._room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(self._door, fcntl.LOCK_UN)
        self.is_mine = alone

    def leave(self) -> None:
        fcntl.flock(self._room, fcntl.LOCK_UN)
        self.is_mine = False


def _is_alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `alone` come first, in one go: the fewer times workers wait for each other."""
    items.sort(key=lambda item: not _is_alone(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    room = item.config.stash[_ROOM]
    alone = _is_alone(item)
    if not (alone and room.is_mine):
        room.enter(alone=alone)
    try:
        return (yield)
    finally:
        if not (alone and _is_alone(nextitem)):
            room.leave()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once: else DuckDB lists at exit what threads of abandoned stores still hold.

    Some 40 lines below the summary, which people and CI look for at the end.
    """
    status = config.stash.get(_STATUS, None)
    if status is not None:
        config.get_terminal_writer().flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
