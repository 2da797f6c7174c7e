"""Give tests that measure time the machine alone, and end with pytest's own last line."""

import fcntl
import os
import sys
from collections.abc import Generator

import pytest

_STATUS = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/queries/*/*.csv, then compare"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test marked `alone` waits for those of other workers to end, and they wait for it.

    Whoever waits does so inside the door, so that no new ones come in ahead.
    """
    cache = item.config.cache
    assert cache is not None
    turns = cache.mkdir("turns")
    alone = item.get_closest_marker("alone") is not None
    with (turns / "door").open("w") as door, (turns / "room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        try:
            return (yield)
        finally:
            # Not left to closing: a forked child may still have the file open.
            fcntl.flock(room, fcntl.LOCK_UN)


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
