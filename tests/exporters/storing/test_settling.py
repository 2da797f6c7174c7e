"""What is settled reads as if it were not: every view has the same rows, whatever comes later."""

import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from spanledger_exporters.decoding.shapes import schema
from spanledger_exporters.reading.queries import SETTLED
from spanledger_exporters.storing import segments, upkeep
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.publish import ensure_current
from spanledger_exporters.storing.settled import TELLING, settlements
from spanledger_exporters.storing.settler import SOME
from spanledger_exporters.storing.settling import settle
from spanledger_exporters.storing.share import Most
from spanledger_exporters.storing.store import Store, StoreOptions

from .parts import ALL_OVER, ask, publisher, spans, write

STORIES = Path(__file__).parents[2] / "queries"
ALL = tuple(sorted(story.name for story in STORIES.iterdir()))
NONE_OVER = 1e9


def told(signal: str, stories: Sequence[str] = ALL) -> pa.Table:
    """The records of stories that queries are tested with."""
    files = [STORIES / story / f"{signal}.jsonl" for story in stories]
    found = [segments.from_journal(signal, file) for file in files if file.exists()]
    return pa.concat_tables(found)


@pytest.fixture(scope="module")
def records() -> dict[str, pa.Table]:
    return {signal: told(signal) for signal in TELLING}


def in_parts(records: dict[str, pa.Table], count: int, seed: int) -> Iterator[dict[str, pa.Table]]:
    """The records dealt out at random, so that nearly every story is in all parts."""
    dice = random.Random(seed)
    dealt = {
        signal: [dice.randrange(count) for _ in range(len(table))]
        for signal, table in records.items()
    }
    for number in range(count):
        yield {
            signal: table.filter(pa.array([place == number for place in dealt[signal]]))
            for signal, table in records.items()
        }


def put(layout: Layout, number: int, records: dict[str, pa.Table]) -> None:
    """A segment of each signal, shown."""
    add(layout, number, records)
    show(layout)


def add(layout: Layout, number: int, records: dict[str, pa.Table]) -> None:
    layout.create()
    segments.create_anchors(layout)
    for signal, table in records.items():
        stem = f"20260101T{number:012}Z-abcde-{number}"
        segments.write(layout.segment_file(signal, stem), table.cast(schema(signal)))


def show(layout: Layout) -> None:
    assert publisher(layout, keep_journal=False).publish([], 5).done


def rows(layout: Layout, view: str) -> list[str]:
    """As texts, because one NaN is not equal to another."""
    return sorted(map(repr, ask(layout.ledger, f"SELECT * FROM {view}")))


Views = dict[str, list[str]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, records: dict[str, pa.Table]) -> Views:
    """What a ledger of all stories says of which nothing is settled."""
    layout = Layout(tmp_path_factory.mktemp("plain"))
    put(layout, 0, records)
    return {view: rows(layout, view) for view in SETTLED}


def same(layout: Layout, plain: Views) -> None:
    for view in SETTLED:
        assert rows(layout, view) == plain[view], view


@pytest.mark.timeout(900)
def test_stories_that_go_on_after_they_were_settled_read_as_ever(
    tmp_path: Path, plain: Views, records: dict[str, pa.Table]
) -> None:
    layout = Layout(tmp_path)
    first, second, third = in_parts(records, 3, seed=7)
    put(layout, 0, first)
    assert settle(layout, quiet_s=ALL_OVER)
    put(layout, 1, second)
    assert settle(layout, quiet_s=ALL_OVER)
    put(layout, 2, third)
    same(layout, plain)
    assert settle(layout, quiet_s=ALL_OVER)
    show(layout)
    same(layout, plain)
    assert len(settlements(layout)) == 3


FEW = ("loose_logs", "openinference_client")


@pytest.fixture(scope="module")
def few() -> dict[str, pa.Table]:
    """Records of a few stories: spans and logs, with and without traces, calls told in messages."""
    return {signal: told(signal, FEW) for signal in TELLING}


@pytest.fixture(scope="module")
def few_plain(tmp_path_factory: pytest.TempPathFactory, few: dict[str, pa.Table]) -> Views:
    layout = Layout(tmp_path_factory.mktemp("few"))
    put(layout, 0, few)
    return {view: rows(layout, view) for view in SETTLED}


def test_stories_that_are_not_over_stay_open_until_they_are(
    tmp_path: Path, few: dict[str, pa.Table], few_plain: Views
) -> None:
    layout = Layout(tmp_path)
    first, second = in_parts(few, 2, seed=1)
    put(layout, 0, first)
    assert settle(layout, quiet_s=NONE_OVER)
    put(layout, 1, second)
    same(layout, few_plain)
    (held,) = settlements(layout)
    assert held.open_records > 0.9 * sum(map(len, first.values()))
    assert settle(layout, quiet_s=ALL_OVER)
    show(layout)
    same(layout, few_plain)
    assert settlements(layout)[-1].open_records == 0


@pytest.mark.parametrize("most", [Most(1, 1 << 30), Most(1 << 30, 1)], ids=["records", "bytes"])
def test_the_oldest_segments_are_settled_first_and_not_too_much_at_a_time(
    tmp_path: Path, few: dict[str, pa.Table], most: Most
) -> None:
    layout = Layout(tmp_path)
    for number, part in enumerate(in_parts(few, 2, seed=3)):
        add(layout, number, part)
    assert settle(layout, quiet_s=ALL_OVER, most=most)
    (first,) = settlements(layout)
    assert [stem for stems in first.covers.values() for stem in stems] == [
        "20260101T000000000000Z-abcde-0"
    ]


def test_many_settlements_become_one(
    tmp_path: Path, few: dict[str, pa.Table], few_plain: Views
) -> None:
    layout = Layout(tmp_path)
    for number, part in enumerate(in_parts(few, 9, seed=2)):
        add(layout, number, part)
        assert settle(layout, quiet_s=ALL_OVER)
    assert len(settlements(layout)) == 1
    show(layout)
    same(layout, few_plain)
    assert [path.name for path in layout.settled.iterdir()] == [settlements(layout)[0].folder.name]


def test_merging_keeps_settled_segments_and_others_apart(
    tmp_path: Path, few: dict[str, pa.Table], few_plain: Views
) -> None:
    layout = Layout(tmp_path)
    parts = list(in_parts(few, 5, seed=3))
    for number, part in enumerate(parts[:3]):
        put(layout, number, part)
    assert settle(layout, quiet_s=ALL_OVER)
    for number, part in enumerate(parts[3:], 3):
        put(layout, number, part)
    merging = publisher(layout, keep_journal=False, merging=Merging(many=2))
    assert merging.publish([], 5).done
    assert len(layout.segment_files("spans")) == 2
    same(layout, few_plain)


def over(tmp_path: Path, records: dict[str, pa.Table]) -> Layout:
    """A ledger in which all is settled, and shown."""
    layout = Layout(tmp_path)
    put(layout, 0, records)
    assert settle(layout, quiet_s=ALL_OVER)
    show(layout)
    return layout


def test_what_another_version_settled_is_not_read_and_goes(
    tmp_path: Path, few: dict[str, pa.Table], few_plain: Views
) -> None:
    layout = over(tmp_path, few)
    (held,) = settlements(layout)
    other = layout.settled / held.folder.name.replace("Z-", "Z-f")
    held.folder.rename(other)
    manifest = other / "settlement.json"
    manifest.write_text(manifest.read_text().replace(held.version, "0123456789abcdef"))
    show(layout)
    same(layout, few_plain)
    assert not other.exists()
    assert ask(layout.ledger, "SELECT * FROM duckdb_schemas() WHERE schema_name = 'settled'") == []


def test_what_is_settled_can_be_deleted(
    tmp_path: Path, few: dict[str, pa.Table], few_plain: Views
) -> None:
    layout = over(tmp_path, few)
    damaged = settlements(layout)[0].file("plans")
    damaged.write_bytes(damaged.read_bytes()[:-9])
    assert upkeep.verify(layout).problems == [f"{damaged}: damaged; delete {layout.settled}"]
    shutil.rmtree(layout.settled)
    ensure_current(layout)
    same(layout, few_plain)


def test_only_one_settles_at_a_time_and_leftovers_of_a_killed_one_go(
    tmp_path: Path, few: dict[str, pa.Table]
) -> None:
    layout = Layout(tmp_path)
    put(layout, 0, few)
    (layout.settled / "tmp-1").mkdir()
    with exclusive(layout.settle_lock):
        assert not settle(layout)
    assert settle(layout)
    assert not settle(layout)
    assert [path for path in layout.settled.iterdir() if path.name.startswith("tmp-")] == []


def test_a_store_settles_in_a_process_of_its_own(tmp_path: Path) -> None:
    store = Store.open(tmp_path, StoreOptions(durability="write"))
    write(store, "spans", *(spans(*range(n, n + 1000)) for n in range(1, SOME + 1, 1000)))
    assert store.publish(5)
    waiting: list[int] = []
    store.settle(waiting.append)
    store.close()
    assert waiting == [SOME] == [20_000]
    (held,) = settlements(store.layout)
    assert held.records == 20_000
    assert ask(store.layout.ledger, "SELECT count(*) FROM settled.tail_spans") == [(0,)]
    assert upkeep.rebuild(store.layout, lambda _done, _all: None).records == 20_000
    assert settlements(store.layout) == []
    assert ask(store.layout.ledger, "SELECT count(*) FROM spans") == [(20_000,)]
