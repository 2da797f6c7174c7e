"""Offer the one option the tests have."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite tests/queries/*/*.csv, then compare"
    )
