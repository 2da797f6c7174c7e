"""Attribute keys are known to be where they are: in segments and in the journal's tail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_exporters.columns import PLAN_DOCUMENT, PLAN_RESULT, PROMOTED
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing.attribute_places import PLACES, AttributePlaces
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_search import Search
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import Value, attributes, event, link, request, span, trace_id


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One segment with a key a place."""
    store = Store.open(tmp_path_factory.mktemp("places"), StoreOptions(durability="write"))
    first = span(
        1,
        attributes=attributes({"own": 1, "both": "x"}),
        events=[event({"of.event": 1})],
        links=[link({"of.link": 1})],
    )
    payload = request(first, resource={"of.resource": 1, "both": "y"}, scope={"of.scope": 1})
    store.intake.submit("spans", payload).result()
    assert store.publish(wait_s=10)
    yield store
    store.close()


def test_each_key_is_found_where_it_is(store: Store) -> None:
    places = AttributePlaces(Layout(store.layout.root))
    for key, expected in {
        "own": {"attributes"},
        "of.resource": {"resource"},
        "service.name": {"resource"},
        "of.scope": {"scope_attributes"},
        "of.event": {"events"},
        "of.link": {"links"},
        "both": {"attributes", "resource"},
        "nowhere": set[str](),
    }.items():
        assert places.of(key) == expected, key


def test_a_key_in_the_journals_tail_may_be_anywhere_until_it_is_published(store: Store) -> None:
    places = AttributePlaces(Layout(store.layout.root))
    assert places.of('fresh "key"') == frozenset()
    payload = request(span(2, attributes=attributes({'fresh "key"': "now"})))
    store.intake.submit("spans", payload).result()
    reader = TraceReader(store.layout.root)
    search = Search(attributes=(('fresh "key"', "now"),))
    assert reader.find(search, Deadline(60)) == [trace_id(2)]
    assert places.of('fresh "key"') == frozenset(PLACES)
    assert store.publish(wait_s=10)
    assert places.of('fresh "key"') == {"attributes"}
    assert reader.find(search, Deadline(60)) == [trace_id(2)]


def test_a_promoted_column_has_what_its_first_alias_says(data: Path) -> None:
    # A search for the attribute looks into the column first and would miss what it lacks.
    columns = [
        c
        for c in PROMOTED
        if c.aliases and c.type == "VARCHAR" and c.name not in {PLAN_DOCUMENT, PLAN_RESULT}
    ]
    assert {c.aliases[0] for c in columns} >= {"gen_ai.tool.name", "session.id"}
    store = Store.open(data.parent / "promoted", StoreOptions(durability="write"))
    every: dict[str, Value] = {c.aliases[-1]: "later" for c in columns}
    every |= {c.aliases[0]: "first" for c in columns}
    numbers: dict[str, Value] = {c.aliases[0]: 5 for c in columns}
    spans = [span(n, attributes=attributes(v)) for n, v in enumerate((every, numbers), 1)]
    # Few spans are decoded by plain Python, many by Arrow: both must do as said.
    store.intake.submit("spans", request(*spans)).result()
    many = (span(100 + n, attributes=attributes(every)) for n in range(100))
    store.intake.submit("spans", request(*many)).result()
    store.close()
    for column in columns:
        wrong = Ledger(data.parent / "promoted").sql(
            f"SELECT count(*) FROM spans"
            f" WHERE attributes['{column.aliases[0]}'] IS DISTINCT FROM {column.name}"
        )
        assert wrong.fetchall() == [(0,)], column.name
