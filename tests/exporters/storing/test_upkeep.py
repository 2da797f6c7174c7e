"""Rebuild, verify and snapshot."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from spanledger_exporters.errors import NotFoundError, StoreError
from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.segments import SegmentWriter
from spanledger_exporters.storing.store import Store, StoreOptions

from .parts import QUIET, abandon, ask, count, journal, logs, metrics, publisher, spans, write
from .test_catalog import command_line

SIGNALS = ("spans", "logs", "metrics")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rounds of records of all signals, repeats and conflicts among them."""
    root = tmp_path_factory.mktemp("upkeep")
    options = StoreOptions(seal_age_s=3600, min_free_bytes=0, merging=Merging(many=3))
    for number in range(4):
        store = Store.open(root, options)
        write(store, "spans", spans(number, number + 1, 90), spans(100, name=f"n{number}"))
        write(store, "logs", logs(number, number + 1))
        write(store, "metrics", metrics(number))
        store.close()
    return root


@pytest.fixture
def layout(original: Path, tmp_path: Path) -> Layout:
    copy = Layout(tmp_path / "copy")
    shutil.copytree(original, copy.root)
    Store.open(copy.root, QUIET).close()
    return copy


def rows(layout: Layout) -> dict[str, list[tuple[Any, ...]]]:
    return {
        signal: ask(layout.ledger, f"SELECT * FROM {signal} ORDER BY ALL") for signal in SIGNALS
    }


def nothing(_done: int, _all: int) -> None:
    """Nobody watches the progress."""


def lose_nothing(_layout: Layout) -> None: ...


def lose_segments(layout: Layout) -> None:
    for path in layout.segment_files("spans"):
        path.unlink()


def damage_segments(layout: Layout) -> None:
    for signal in SIGNALS:
        for path in layout.segment_files(signal):
            path.write_bytes(path.read_bytes()[:-100])


def lose_views(layout: Layout) -> None:
    layout.ledger.unlink()


def lose_all(layout: Layout) -> None:
    shutil.rmtree(layout.root / "segments")
    layout.ledger.unlink()


LOSSES = [lose_nothing, lose_segments, damage_segments, lose_views, lose_all]


@pytest.mark.parametrize("lose", LOSSES)
def test_rebuild_gives_the_same_rows(layout: Layout, lose: Callable[[Layout], None]) -> None:
    before = rows(layout)
    lose(layout)
    told: list[tuple[int, int]] = []
    report = upkeep.rebuild(layout, lambda done, total: told.append((done, total)))
    assert rows(layout) == before
    assert report.problems == []
    assert report.files == 12
    assert report.records == count(layout, "spans_received") + 8 + 4
    assert told == [(n, 12) for n in range(13)]
    assert upkeep.verify(layout).problems == []
    assert not list(layout.root.glob("segments.old-*"))
    assert not (layout.root / "rebuilding").exists()


def test_rebuild_leaves_the_tail_alone(layout: Layout) -> None:
    writer = journal(layout, "spans", spans(500))
    before = rows(layout)
    upkeep.rebuild(layout, nothing)
    assert rows(layout) == before
    abandon(writer)
    assert publisher(layout).publish([], 1).done
    assert rows(layout) == before


def test_rebuild_refuses_when_the_journal_was_not_kept(tmp_path: Path) -> None:
    options = StoreOptions(seal_age_s=3600, min_free_bytes=0, keep_journal="none")
    store = Store.open(tmp_path, options)
    write(store, "spans", spans(1))
    store.close()
    with pytest.raises(StoreError, match="no kept journal"):
        upkeep.rebuild(store.layout, nothing)
    assert count(store.layout) == 1


def test_rebuild_refuses_while_somebody_publishes(layout: Layout) -> None:
    with exclusive(layout.publish_lock), pytest.raises(StoreError, match="try again"):
        upkeep.rebuild(layout, nothing)


def test_rebuild_changes_nothing_while_somebody_reads(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_WAIT_S", 0.2)
    before = rows(layout)
    with (
        duckdb.connect(str(layout.ledger), read_only=True),
        pytest.raises(StoreError, match="cannot rebuild"),
    ):
        upkeep.rebuild(layout, nothing)
    assert rows(layout) == before
    assert not (layout.root / "rebuilding").exists()


def test_a_rebuild_killed_at_its_worst_moment_is_mended_on_opening(layout: Layout) -> None:
    """The old segments are out of the way and the new ones are not there yet."""
    before = rows(layout)
    (layout.root / "segments").rename(layout.root / "segments.old-1")
    shutil.copytree(layout.root / "segments.old-1", layout.root / "rebuilding" / "segments")
    Store.open(layout.root, QUIET).close()
    assert rows(layout) == before
    assert not (layout.root / "rebuilding").exists()


def test_rebuild_keeps_the_old_segments_when_the_journal_is_damaged(layout: Layout) -> None:
    received = count(layout, "spans_received")
    path = layout.kept_files("spans")[1]
    path.write_bytes(path.read_bytes()[:-30])
    report = upkeep.rebuild(layout, nothing)
    (old,) = layout.root.glob("segments.old-*")
    assert [str(path) in report.problems[0], str(old) in report.problems[-1]] == [True, True]
    assert count(layout, "spans_received") < received
    assert list((old / "spans").glob("*.parquet"))


def test_verify_counts_everything(layout: Layout) -> None:
    report = upkeep.verify(layout)
    assert report.problems == []
    assert report.rows == report.journal_records == count(layout, "spans_received") + 12
    assert report.journal_files == 12


def test_verify_includes_the_tail(layout: Layout) -> None:
    before = upkeep.verify(layout).journal_records
    writer = journal(layout, "spans", spans(500, 501))
    report = upkeep.verify(layout)
    assert (report.problems, report.journal_records) == ([], before + 2)
    abandon(writer)


def test_verify_finds_a_segment_that_is_missing(layout: Layout) -> None:
    for path in layout.segment_files("logs"):
        path.unlink()
    problems = upkeep.verify(layout).problems
    assert len(problems) == len(layout.kept_files("logs"))
    assert all("in no segment; run: spanledger rebuild" in problem for problem in problems)


def test_verify_finds_a_segment_that_is_cut_or_changed(layout: Layout) -> None:
    path = layout.segment_files("spans")[-1]
    content = path.read_bytes()
    missed = []
    for place in range(4, len(content), len(content) // 60):
        flipped = bytearray(content)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        if not any(str(path) in problem for problem in upkeep.verify(layout).problems):
            missed.append(place)
    # Statistics and names in the footer and in page headers have no checksum; of a file of a few
    # rows they are half.
    assert len(missed) <= 30
    for size in (0, 4, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        assert any(str(path) in problem for problem in upkeep.verify(layout).problems)


def test_verify_finds_a_segment_with_fewer_rows_than_its_journal(layout: Layout) -> None:
    path = layout.segment_files("spans")[-1]
    metadata = pq.read_metadata(path).metadata
    rows_left = pq.read_table(path).slice(1)
    shape = rows_left.schema.with_metadata(metadata)
    with SegmentWriter(path, shape, rows=len(rows_left)) as writer:
        writer.add(rows_left.replace_schema_metadata(metadata))
    (problem,) = upkeep.verify(layout).problems
    assert problem.startswith(
        f"{path}: {len(rows_left)} rows, its journal has {len(rows_left) + 1}"
    )


def test_a_snapshot_stands_alone_and_has_every_view(layout: Layout, tmp_path: Path) -> None:
    out = tmp_path / "out.duckdb"
    before = rows(layout)
    names = ask(layout.ledger, "SELECT view_name FROM duckdb_views() WHERE NOT internal")
    upkeep.snapshot(layout, out)
    shutil.rmtree(layout.root)
    for signal in SIGNALS:
        assert ask(out, f"SELECT * FROM {signal} ORDER BY ALL") == before[signal]
    for (name,) in names:
        if not name.endswith("_received"):
            ask(out, f"SELECT count(*) FROM {name}")
            assert command_line(out, f"SELECT count(*) AS n FROM {name}")
    assert list(tmp_path.glob("out.duckdb*")) == [out]


def test_a_snapshot_overwrites_nothing_and_needs_a_ledger(layout: Layout, tmp_path: Path) -> None:
    out = tmp_path / "out.duckdb"
    out.write_text("mine")
    with pytest.raises(StoreError, match="exists; choose another name"):
        upkeep.snapshot(layout, out)
    assert out.read_text() == "mine"
    with pytest.raises(StoreError, match="cannot write"):
        upkeep.snapshot(layout, tmp_path / "no folder" / "out.duckdb")
    with pytest.raises(NotFoundError):
        upkeep.snapshot(Layout(tmp_path / "nothing"), tmp_path / "other.duckdb")
