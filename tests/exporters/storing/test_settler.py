"""Settling begins when it is worth it, in a process of its own, and says when it fails."""

import time
from pathlib import Path

import pytest

from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.settled import settlements
from spanledger_exporters.storing.settler import MANY, SOME, Settler, Unsettled
from spanledger_exporters.storing.store import Store

from .parts import QUIET, spans, write


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1, 2, 3))
    store.close()
    return store.layout


def wait(settler: Settler, unsettled: Unsettled) -> None:
    deadline = time.monotonic() + 60
    while not settler.tick(unsettled):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_many_records_are_settled_while_more_come_in(layout: Layout) -> None:
    settler = Settler(layout, _ended=0.0)
    assert not settler.tick(Unsettled(tail=MANY - 1))
    assert settlements(layout) == []
    wait(settler, Unsettled(tail=MANY))
    assert [one.records for one in settlements(layout)] == [3]


def test_some_are_settled_when_nothing_comes_in(layout: Layout) -> None:
    settler = Settler(layout, _seen=Unsettled(tail=SOME), _changed=0.0, _ended=0.0)
    wait(settler, Unsettled(tail=SOME))
    assert len(settlements(layout)) == 1


def test_it_rests_after_it_has_ended(layout: Layout) -> None:
    settler = Settler(layout)
    assert not settler.tick(Unsettled(tail=MANY))
    settler.stop()
    assert settlements(layout) == []


def test_a_failure_is_told_in_one_line(layout: Layout, caplog: pytest.LogCaptureFixture) -> None:
    layout.settled.rmdir()
    layout.settled.touch()
    assert not Settler(layout).work()
    (record,) = caplog.records
    assert "questions stay slow" in record.getMessage()
    assert "\n" not in record.getMessage()
