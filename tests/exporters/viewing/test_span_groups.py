"""Row groups know where they may have an attribute, and the journal's tail is not forgotten."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing.span_groups import SpanGroups, content

from .parts import MS, START_NS, attributes, event, link, request, span


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


def places(layout: Layout, key: str, *texts: str) -> set[str]:
    (group,) = SpanGroups(layout).newest_first()
    with content(group.path) as file:
        return set(group.places(key, texts, file))


def test_each_attribute_is_found_where_it_is(store: Store) -> None:
    for key, expected in {
        "own": {"attributes"},
        "of.resource": {"resource"},
        "of.scope": {"scope_attributes"},
        "of.event": {"events"},
        "of.link": {"links"},
        "nowhere": set[str](),
    }.items():
        assert places(store.layout, key, "1") == expected, key
        assert places(store.layout, key, "2") == set(), key
    assert places(store.layout, "both", "x") == {"attributes"}
    assert places(store.layout, "both", "x", "y") == {"attributes", "resource"}


def test_groups_say_when_their_spans_were_and_whose(store: Store) -> None:
    (group,) = SpanGroups(store.layout).newest_first()
    assert group.starts == (START_NS, START_NS)
    assert group.services == ("shop", "shop")


def test_new_segments_are_taken_up_and_gone_ones_forgotten(store: Store, tmp_path: Path) -> None:
    shutil.copytree(store.layout.root, tmp_path / "copy")
    copied = Store.open(tmp_path / "copy", StoreOptions(durability="write"))
    groups = SpanGroups(copied.layout)
    (first,) = groups.newest_first()
    copied.intake.submit("spans", request(span(2, at_ms=5))).result()
    assert copied.publish(wait_s=10)
    assert [group.starts[1] - START_NS for group in groups.newest_first()] == [5 * MS, 0]
    first.path.unlink()
    assert [group.starts[1] - START_NS for group in groups.newest_first()] == [5 * MS]
    copied.close()


def test_the_journals_tail_is_named_when_it_has_all_the_keys(store: Store) -> None:
    groups = SpanGroups(store.layout)
    assert groups.tails(['fresh "key"']) == []
    payload = request(span(2, attributes=attributes({'fresh "key"': "now", "other": 1})))
    store.intake.submit("spans", payload).result()
    ((writer, seq),) = groups.tails(['fresh "key"', "other"])
    assert writer
    assert seq == 1
    assert groups.tails(["other", "nowhere"]) == []
    assert store.publish(wait_s=10)
    assert groups.tails(['fresh "key"']) == []
