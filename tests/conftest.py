"""Offer the one option the tests have, and end with pytest's own last line."""

import os
import sys

import pytest

_STATUS = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/queries/*/*.csv, then compare"
    )


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
