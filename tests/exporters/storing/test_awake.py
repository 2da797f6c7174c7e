"""Views speak the dialects of what is not settled, and of settled stories that go on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_exporters.storing.settling import settle
from spanledger_exporters.storing.store import Store

from .parts import ALL_OVER, QUIET, ask, write
from .test_dialects import ARIZE, MODEL, call

ANOTHER = call(9, "mine", gen_ai__operation__name="chat", gen_ai__request__model="o")
AGENT = call(3, "mine", gen_ai__operation__name="invoke_agent", session__id="s")
NAMING = AGENT.replace(bytes([3]) * 16, bytes([2]) * 16)
"""In the trace of ARIZE."""


@pytest.fixture
def settled(tmp_path: Path) -> Iterator[Store]:
    """A model call each in the words of two dialects, both over."""
    store = Store.open(tmp_path / "data", QUIET)
    write(store, "spans", MODEL, ARIZE)
    assert store.publish(5)
    assert settle(store.layout, ALL_OVER)
    assert store.publish(5)
    yield store
    store.close()


def awake(store: Store) -> str:
    facts = ask(store.layout.ledger, "SELECT value FROM ledger_facts WHERE name = 'awake'")
    return str(facts[0][0])


def calls(store: Store) -> list[tuple[str, str]]:
    """The session is the trace where nothing names one."""
    found = ask(store.layout.ledger, "SELECT model, session_id FROM llm_calls ORDER BY ALL")
    return [(model, session[:4]) for model, session in found]


def test_where_all_is_settled_no_dialect_is_spoken(settled: Store) -> None:
    assert awake(settled) == "settled"
    assert calls(settled) == [("m", "0101"), ("n", "0202")]


def test_what_comes_in_is_spoken_and_no_more(settled: Store) -> None:
    write(settled, "spans", ANOTHER)
    assert settled.publish(5)
    assert awake(settled) == "settled,otel,semconv"
    assert calls(settled) == [("m", "0101"), ("n", "0202"), ("o", "0909")]


def test_a_settled_story_that_goes_on_in_another_dialect_is_told_anew(settled: Store) -> None:
    write(settled, "spans", NAMING)
    assert calls(settled) == [("m", "0101"), ("n", "0202")]
    assert settled.publish(5)
    assert awake(settled) == "settled,openinference,otel,semconv"
    assert calls(settled) == [("m", "0101"), ("n", "s")]


def test_until_it_is_published_it_stays_as_it_was(settled: Store) -> None:
    write(settled, "spans", ANOTHER)
    assert settled.publish(5)
    write(settled, "spans", NAMING)
    assert calls(settled) == [("m", "0101"), ("n", "0202"), ("o", "0909")]


def test_it_is_settled_again(settled: Store) -> None:
    write(settled, "spans", NAMING)
    assert settled.publish(5)
    assert settle(settled.layout, ALL_OVER)
    assert settled.publish(5)
    assert awake(settled) == "settled"
    assert calls(settled) == [("m", "0101"), ("n", "s")]


def test_records_of_no_dialect_are_told_of_too(settled: Store) -> None:
    write(settled, "spans", call(9, "http"))
    assert settled.publish(5)
    assert awake(settled) == "settled,otel"
    assert calls(settled) == [("m", "0101"), ("n", "0202")]
