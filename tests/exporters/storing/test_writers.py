"""Several processes on one directory, forks among them, tear and lose nothing."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.store import Store

from .nursing import nursery
from .parts import QUIET, ask, count, span_numbers, spans, write

AGENTS, EACH = 8, 15


@pytest.mark.slow
def test_eight_agents_and_their_forks_share_a_directory_with_a_server(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    with nursery() as children:
        server = children.start("beside", layout.root)
        assert children.line(60) == "ready"
        for number in range(AGENTS):
            children.start("agent", layout.root, number, EACH)
        assert [children.line(120) for _ in range(AGENTS)] == ["done 7"] * AGENTS
        names = Counter(row[0] for row in ask(layout.ledger, "SELECT name FROM spans"))
        children.kill(server, signal.SIGTERM)
        time.sleep(1)
    expected = {
        f"{kind}-{number}-{place}"
        for kind in ("parent", "child", "after")
        for number in range(AGENTS)
        for place in range(EACH)
    }
    assert names == Counter(expected)
    Store.open(layout.root, QUIET).close()
    assert count(layout) == len(expected)
    assert not layout.hot_files("spans")
    assert upkeep.verify(layout).problems == []
    assert not list(layout.deadletter.iterdir())


def test_two_stores_of_one_process_share_a_directory(tmp_path: Path) -> None:
    first, second = Store.open(tmp_path, QUIET), Store.open(tmp_path, QUIET)
    write(first, "spans", spans(1))
    write(second, "spans", spans(2))
    assert first.publish(2)
    assert span_numbers(first.layout) == [1, 2]
    write(first, "spans", spans(3))
    second.close()
    first.close()
    assert span_numbers(first.layout) == [1, 2, 3]
