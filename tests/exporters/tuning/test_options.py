"""Read what a command was told."""

import datetime as dt

import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.tuning.options import outcomes, shares, since

NOW = dt.datetime(2026, 1, 8, 12, tzinfo=dt.UTC)


def test_shares_come_in_many_spellings() -> None:
    assert shares("0.25") == (("train", 0.75), ("test", 0.25))
    assert shares("0.75") == shares("75/25") == shares("train=3,test=1")
    assert [name for name, _ in shares("80/10/10")] == ["train", "validation", "test"]
    assert shares(None) == ()


@pytest.mark.parametrize("text", ["x", "1", "0", "a=1,a=1", "1/2/3/4", "../x=1,b=1", "train=0.9"])
def test_shares_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--split"):
        shares(text)


def test_since_is_a_time_or_how_long_ago() -> None:
    assert since("7d", NOW) == "2026-01-01 12:00:00"
    assert since("2026-01-01T02:00:00+02:00", NOW) == "2026-01-01 00:00:00"
    with pytest.raises(UsageError, match="--since"):
        since("yesterday", NOW)


def test_outcomes_are_plan_statuses() -> None:
    assert outcomes("done,failed") == {"completed", "failed"}
    assert outcomes("any") == frozenset()
    with pytest.raises(UsageError, match="--outcome"):
        outcomes("great")
