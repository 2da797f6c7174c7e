"""What the tests of training data share: one recorded ledger."""

import pytest

from .recorded import Copied, recorded


@pytest.fixture(scope="session")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """Three sessions: a good one, one with a secret and a hidden answer, one judged bad."""
    return recorded(tmp_path_factory.mktemp("recorded"))
