"""Many small segments become one with the same rows in the same order."""

import resource
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spanledger_exporters.storing import segments, upkeep
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import USUAL, Merging, merge
from spanledger_exporters.storing.publish import Publisher

from .parts import abandon, ask, count, journal, publisher, python, span_numbers, spans


def publish_many(layout: Layout, mine: Publisher, first: int, last: int) -> None:
    for number in range(first, last):
        abandon(journal(layout, "spans", spans(number, note=f"n{number}")))
        assert mine.publish([], 5).done


def test_many_small_segments_become_one_with_equal_rows_in_order(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    publish_many(layout, publisher(layout), 1, 9)
    sources = layout.segment_files("spans")
    before = pa.concat_tables([pq.read_table(path) for path in sources])
    merged = merge(layout, "spans", sources, "abcde", 1)
    after = pq.read_table(merged)
    assert after.replace_schema_metadata(None).equals(before.replace_schema_metadata(None))
    assert pq.read_metadata(merged).num_row_groups == 1
    assert segments.footer(merged).replaces == {path.stem for path in sources}
    assert all(path.exists() for path in sources)


def test_a_merged_segment_that_is_merged_again_still_knows_its_journal(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    publish_many(layout, publisher(layout, merging=Merging(many=3)), 1, 12)
    kept = {path.name.removeprefix("spans-").split(".")[0] for path in layout.kept_files("spans")}
    known = [segments.footer(path).sources(path) for path in layout.segment_files("spans")]
    assert sum(map(len, known)) == len(kept)
    assert frozenset[str]().union(*known) == kept
    assert len(known) <= 3
    assert upkeep.verify(layout).problems == []
    assert upkeep.rebuild(layout, lambda _done, _all: None).records == 11
    assert span_numbers(layout) == list(range(1, 12))


def test_merged_segments_go_only_when_nobody_reads(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    publish_many(layout, publisher(layout), 1, 5)
    sources = layout.segment_files("spans")
    code = f"""
import duckdb, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from parts import publisher
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import Merging
print(publisher(Layout(Path({str(tmp_path)!r})), merging=Merging(many=2)).publish([], 0).done)
"""
    import duckdb  # noqa: PLC0415 - held open by this very test

    with duckdb.connect(str(layout.ledger), read_only=True) as reading:
        assert python(code) == "True\n"
        assert all(path.exists() for path in sources)
        assert len(layout.segment_files("spans")) == 5
        assert count(layout) == 4
        assert reading.sql("SELECT count(*) FROM spans").fetchall() == [(4,)]
    assert count(layout) == 4
    assert python(code) == "True\n"
    assert not any(path.exists() for path in sources)
    assert len(layout.segment_files("spans")) == 1
    assert count(layout) == 4


def test_few_segments_and_large_ones_are_left_alone(tmp_path: Path) -> None:
    files = [tmp_path / f"{n:02}.parquet" for n in range(6)]
    for path in files:
        path.write_bytes(b"x" * 100)
    assert Merging(many=7).candidates(files) == []
    assert Merging(many=6).candidates(files) == files
    assert Merging(many=6, target_bytes=250).candidates(files) == files[:2]
    assert Merging(many=6, target_bytes=50).candidates(files) == files[:1]
    files[0].write_bytes(b"x" * 1000)
    assert Merging(many=5, small_bytes=500).candidates(files) == files[1:]
    assert USUAL.candidates(files) == []


@pytest.mark.slow
def test_merging_needs_little_memory(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()
    rows = pq.read_table(_one_segment(layout))
    noise = pa.array([f"{n:>1000}" for n in range(20_000)])
    at = rows.schema.get_field_index("plan_document")
    big = pa.concat_tables([rows.slice(0, 1)] * 20_000).set_column(at, rows.schema.field(at), noise)
    sources = [layout.segment_file("spans", f"{n:02}") for n in range(8)]
    for path in sources:
        segments.write(path, big.replace_schema_metadata(None))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    merged = merge(layout, "spans", sources, "abcde", 1)
    assert pq.read_metadata(merged).num_rows == 160_000
    assert pq.read_metadata(merged).num_row_groups >= 2
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10 < 300


def _one_segment(layout: Layout) -> Path:
    abandon(journal(layout, "spans", spans(1)))
    publisher(layout).publish([], 1)
    (path,) = layout.segment_files("spans")
    return path


def test_views_read_what_was_merged(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    publish_many(layout, publisher(layout, merging=Merging(many=2)), 1, 6)
    rows = ask(layout.ledger, "SELECT attributes['note'] FROM spans ORDER BY span_id")
    assert [row[0] for row in rows] == [f"n{n}" for n in range(1, 6)]
