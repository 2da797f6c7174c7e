"""A shortened id means the one thing that begins so."""

from pathlib import Path

import pytest

from spanledger_exporters.cli.pick import the_one
from spanledger_exporters.errors import NotFoundError, UsageError
from spanledger_exporters.reading.ledger import Ledger


def test_the_whole_id_and_its_beginning_mean_the_same(data: Path) -> None:
    ledger = Ledger(data)
    whole = str(ledger.sql("SELECT max(span_id) FROM spans").fetchall()[0][0])
    assert the_one(ledger, "span", "spans", "span_id", whole) == whole
    assert the_one(ledger, "span", "spans", "span_id", whole[:10]) == whole


def test_what_several_ids_begin_with_is_refused_with_some_of_them(data: Path) -> None:
    with pytest.raises(UsageError, match=r"may be \w{16}(, \w{16}){4}, …: write more of the id"):
        the_one(Ledger(data), "span", "spans", "span_id", "")


def test_nothing_that_begins_so_is_not_found(data: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no span zz"):
        the_one(Ledger(data), "span", "spans", "span_id", "zz")
