"""A question is stopped when its time is up or nobody waits for it any more."""

import threading
import time

import duckdb
import pytest

from spanledger_exporters.viewing.deadline import Deadline

ENDLESS = (
    "SELECT count(*) FROM range(1_000_000_000) a, range(1_000_000) b WHERE a.range = b.range + 1"
)


def test_a_long_question_is_interrupted() -> None:
    start = time.monotonic()
    with duckdb.connect() as db:
        with (
            pytest.raises(TimeoutError, match=r"no answer within 0\.2 s"),
            Deadline(0.2).watching(db),
        ):
            db.execute(ENDLESS).fetchall()
        assert db.execute("SELECT 1").fetchall() == [(1,)]
    assert time.monotonic() - start < 20


def test_a_question_nobody_waits_for_is_interrupted() -> None:
    deadline = Deadline(60)
    gone = threading.Timer(0.2, deadline.stop)
    gone.start()
    start = time.monotonic()
    with duckdb.connect() as db, pytest.raises(TimeoutError), deadline.watching(db):
        db.execute(ENDLESS).fetchall()
    assert time.monotonic() - start < 20
    gone.join()


def test_nothing_starts_after_the_end() -> None:
    deadline = Deadline(60)
    deadline.stop()
    deadline.stop()
    with duckdb.connect() as db, pytest.raises(TimeoutError), deadline.watching(db):
        pytest.fail("it started")


def test_questions_within_the_time_are_left_alone() -> None:
    deadline = Deadline(60)
    with duckdb.connect() as db:
        for _ in range(2):
            with deadline.watching(db):
                assert db.execute("SELECT 1").fetchall() == [(1,)]
        deadline.stop()
        assert db.execute("SELECT 2").fetchall() == [(2,)]
