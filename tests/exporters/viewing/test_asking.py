"""Everybody who asks in this process shares one opened ledger, and its settings."""

from pathlib import Path

import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.settling import settle
from spanledger_exporters.storing.store import Store
from spanledger_exporters.viewing.asking import ask, seal
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_search import Search
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import a_ledger, fill, trace_id


def test_jaegers_questions_are_answered_while_sql_is_asked(data: Path) -> None:
    reader = TraceReader(data)
    with Ledger(data).connect() as other:
        seal(other, Ledger(data).layout)
        found = reader.find(Search(attributes=(("who", "ann"), ("times", 123))), Deadline(60))
        assert trace_id(1) in found
        assert list(reader.traces(found[:1], Deadline(60)))


def test_sql_stays_shut_in_while_jaeger_asks(data: Path) -> None:
    ledger = Ledger(data)
    with ledger.connect() as jaegers:
        seal(jaegers, ledger.layout)
        assert ask(ledger, "SELECT count(*) FROM spans").num_rows == 1
        with pytest.raises(UsageError, match="disabled by configuration"):
            ask(ledger, "FROM read_text('/etc/passwd')")


def test_sql_reads_what_is_settled(tmp_path: Path) -> None:
    ledger = Ledger(fill(tmp_path, a_ledger()))
    assert settle(ledger.layout)
    Store.open(tmp_path).close()
    assert ask(ledger, "SELECT key FROM settled.keys").num_rows > 0
    assert ask(ledger, "SELECT * FROM plans").num_rows == 0
