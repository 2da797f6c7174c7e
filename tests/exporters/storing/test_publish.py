"""At every stage of a publish the views show each record exactly once."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing import catalog, compression, merge, segments
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import Layout, stem_of
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.prices import statement
from spanledger_exporters.storing.publish import Publisher, ensure_current
from spanledger_exporters.storing.store import Store

from .parts import (
    QUIET,
    abandon,
    ask,
    count,
    journal,
    publisher,
    python,
    span_numbers,
    spans,
    write,
)

READER = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print(connection.sql("SELECT count(*) FROM spans").fetchall()[0][0], flush=True)
sys.stdin.readline()
print(connection.sql("SELECT count(*) FROM spans").fetchall()[0][0], flush=True)
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Three spans are published, three more are in an abandoned hot file."""
    made = Layout(tmp_path / "data")
    abandon(journal(made, "spans", spans(1), spans(2, 3)))
    assert publisher(made).publish([], 1).done
    abandon(journal(made, "spans", spans(4), spans(5, 6)))
    return made


@contextlib.contextmanager
def reader(layout: Layout) -> Generator["subprocess.Popen[str]"]:
    """Another process that has `ledger.duckdb` open; a line to it and it counts and leaves."""
    command = [sys.executable, "-c", READER, str(layout.ledger)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def told(process: "subprocess.Popen[str]") -> int:
    assert process.stdout
    return int(process.stdout.readline())


def leave(process: "subprocess.Popen[str]") -> int:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return told(process)


def hot_and_stem(layout: Layout) -> tuple[Path, str]:
    (path,) = layout.hot_files("spans")
    return path, stem_of(path) or ""


def after_nothing(_layout: Layout) -> None:
    """Killed before the first step."""


def after_keeping(layout: Layout) -> None:
    path, stem = hot_and_stem(layout)
    compression.keep(path, layout.kept_file("spans", stem))


def after_the_segment(layout: Layout) -> None:
    after_keeping(layout)
    path, stem = hot_and_stem(layout)
    table = segments.from_journal("spans", path)
    segments.write(layout.segment_file("spans", stem), table)


def after_the_views(layout: Layout) -> None:
    after_the_segment(layout)
    found = publisher(layout)
    with catalog.renewed(layout, 1) as connection:
        catalog.replace_views(
            connection, layout, found.contents(), set(), frozenset(), statement(frozenset())
        )


def after_merging(layout: Layout) -> None:
    after_the_views(layout)
    hot_and_stem(layout)[0].unlink()
    merge.merge(layout, "spans", layout.segment_files("spans"), "abcde", 1)


def after_half_a_merge(layout: Layout) -> None:
    after_merging(layout)
    layout.segment_files("spans")[-1].rename(layout.segments("spans") / "x-merged.tmp-1")


STAGES = [
    after_nothing,
    after_keeping,
    after_the_segment,
    after_the_views,
    after_merging,
    after_half_a_merge,
]


@pytest.mark.parametrize("stage", STAGES)
def test_a_publisher_killed_at_any_step_leaves_every_record_visible_once(
    layout: Layout, stage: Callable[[Layout], None]
) -> None:
    stage(layout)
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6]
    Store.open(layout.root, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6]
    assert not layout.hot_files("spans")
    assert len(layout.kept_files("spans")) == 2
    assert not list(layout.root.rglob("*.tmp*"))


def test_segments_that_are_missing_are_made_from_the_kept_journal(layout: Layout) -> None:
    for path in layout.segment_files("spans"):
        path.unlink()
    Store.open(layout.root, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("merged", [False, True])
def test_a_segment_with_a_broken_footer_is_moved_aside_and_made_again(
    layout: Layout, *, merged: bool
) -> None:
    if merged:
        after_merging(layout)
        Store.open(layout.root, QUIET).close()
    (path,) = layout.segment_files("spans")
    path.write_bytes(path.read_bytes()[:-9])
    Store.open(layout.root, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6]
    assert path.with_name(path.name + ".damaged").exists()


def test_a_reader_that_stays_goes_on_seeing_everything_and_others_see_what_is_new(
    tmp_path: Path,
) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1))
    with reader(store.layout) as process:
        assert told(process) == 1
        for number in (2, 3):
            write(store, "spans", spans(number))
            assert store.publish(0.2)
            assert count(store.layout) == number
        status = store.status()
        assert (status.deferred, status.holder) == (0, None)
        assert f"(PID {process.pid})" in (status.reader or "")
        assert len(store.layout.hot_files("spans")) == 2
        assert leave(process) == 3
    assert store.publish(5)
    assert store.status().reader is None
    assert not store.layout.hot_files("spans")
    assert count(store.layout) == 3
    store.close()


def test_a_reader_in_the_same_process_keeps_its_files_too(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1))
    with Ledger(tmp_path).connect() as reading:
        assert reading.sql("SELECT count(*) FROM spans").fetchall() == [(1,)]
        write(store, "spans", spans(2))
        assert store.publish(1)
        assert len(store.layout.hot_files("spans")) == 1
        assert Ledger(tmp_path).count() == 2
        write(store, "spans", spans(3))
        assert reading.sql("SELECT count(*) FROM spans").fetchall() == [(3,)]
    assert store.publish(1)
    assert not store.layout.hot_files("spans")
    store.close()


def test_what_only_those_who_left_needed_goes_although_others_stay(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    with reader(store.layout) as first:
        assert told(first) == 0
        write(store, "spans", spans(1))
        assert store.publish(1)
        with reader(store.layout) as second:
            assert told(second) == 1
            write(store, "spans", spans(2))
            assert store.publish(1)
            assert len(store.layout.hot_files("spans")) == 2
            assert leave(first) == 2
            first.wait()
            assert store.publish(1)
            (left,) = store.layout.hot_files("spans")
            assert "-2.jsonl" in left.name
            assert leave(second) == 2
    store.close()
    assert not store.layout.hot_files("spans")


def test_a_server_tidies_up_as_soon_as_the_last_reader_leaves(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    with reader(store.layout) as process:
        assert told(process) == 0
        write(store, "spans", spans(1))
        assert store.publish(1)
        assert store.layout.hot_files("spans")
        assert leave(process) == 1
    deadline = time.monotonic() + 10
    while store.layout.hot_files("spans") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not store.layout.hot_files("spans")
    assert len(list(store.layout.generations.iterdir())) == 1
    store.close()


def test_who_comes_after_a_killed_publisher_keeps_what_its_readers_need(layout: Layout) -> None:
    with reader(layout) as process:
        assert told(process) == 6
        assert publisher(layout).publish([], 1).done
        assert publisher(layout, "fffff").publish([], 1).reader
        assert len(layout.hot_files("spans")) == 1
        assert leave(process) == 6
    assert publisher(layout).publish([], 1).reader is None
    assert not layout.hot_files("spans")
    assert count(layout) == 6


def test_files_and_handles_stay_few_while_a_reader_stays(tmp_path: Path) -> None:
    """A reader that never leaves must not use up our file handles, a pair every two seconds."""
    store = Store.open(tmp_path, QUIET)
    with reader(store.layout) as process:
        assert told(process) == 0
        before = _open_files()
        for number in range(1, 16):
            write(store, "spans", spans(number))
            store.publish(0)
        assert _open_files() - before < 5
        assert leave(process) == 15
    assert store.publish(5)
    assert not store.layout.hot_files("spans")
    assert count(store.layout) == 15
    store.close()


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_sealing_pauses_while_a_reader_stays(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with reader(store.layout) as process:
        assert told(process) == 0
        deadline = time.monotonic() + 30
        number = 0
        while not store.status().reader and time.monotonic() < deadline:
            number += 1
            write(store, "spans", spans(number))
            time.sleep(0.1)
        files = len(store.layout.hot_files("spans"))
        for _ in range(25):
            number += 1
            write(store, "spans", spans(number))
            time.sleep(0.1)
        assert len(store.layout.hot_files("spans")) <= files + 1
        assert leave(process) == number
    store.close()
    assert count(store.layout) == number


def test_the_files_of_a_killed_process_are_taken_over(tmp_path: Path) -> None:
    code = """
import os, sys, signal
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from spanledger_exporters.storing.store import Store, StoreOptions
from parts import spans, logs, write
store = Store.open(Path(sys.argv[1]), StoreOptions(seal_age_s=3600, min_free_bytes=0))
write(store, "spans", spans(1, 2), spans(3))
write(store, "logs", logs(1))
print("written", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.stdout, ran.returncode) == ("written\n", -signal.SIGKILL)
    layout = Layout(tmp_path)
    assert len(layout.hot_files("spans")) == 1
    assert publisher(layout).publish([], 1).records == 4
    assert not layout.hot_files("spans")
    assert span_numbers(layout) == [1, 2, 3]


def test_the_files_of_a_living_writer_are_left_to_it(layout: Layout) -> None:
    writer = journal(layout, "spans", spans(7))
    assert publisher(layout).publish([], 1).records == 3
    (path,) = layout.hot_files("spans")
    assert writer.name in path.name
    assert count(layout) == 7


def test_two_publishers_at_once_do_not_disturb_each_other(layout: Layout) -> None:
    writers = [journal(layout, "spans", spans(n)) for n in range(10, 20)]
    done: list[bool] = []

    def run(name: str) -> None:
        mine = publisher(layout, name)
        done.extend(mine.publish([], 1).done for _ in range(5))

    threads = [threading.Thread(target=run, args=(name,)) for name in ("aaaaa", "bbbbb", "ccccc")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(done)
    for writer in writers:
        abandon(writer)
    assert publisher(layout).publish([], 1).done
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6, *range(10, 20)]


def test_only_one_publishes_and_the_others_keep_what_they_have(layout: Layout) -> None:
    store = Store.open(layout.root, QUIET)
    write(store, "spans", spans(7))
    with exclusive(layout.publish_lock) as mine:
        assert mine
        assert not store.publish(0.1)
        assert store.status().holder == "another spanledger process is publishing"
        assert count(layout) == 7
    assert store.publish(1)
    store.close()
    assert count(layout) == 7


def test_a_forked_child_does_not_go_on_holding_the_publish_lock(tmp_path: Path) -> None:
    code = """
import os, sys, time
from pathlib import Path
from spanledger_exporters.storing.journal import exclusive
with exclusive(Path(sys.argv[1])) as mine:
    assert mine
    child = os.fork()
    if not child:
        time.sleep(30)
        os._exit(0)
with exclusive(Path(sys.argv[1])) as mine:
    print(mine)
os.kill(child, 9)
"""
    assert python(code, tmp_path / "publish.lock") == "True\n"


def test_a_directory_that_moved_is_published_again_by_its_first_reader(layout: Layout) -> None:
    moved = Layout(layout.root.with_name("moved"))
    layout.root.rename(moved.root)
    ensure_current(moved)
    assert count(moved) == 6


def test_what_is_published_twice_changes_nothing(layout: Layout) -> None:
    mine = publisher(layout)
    for _ in range(3):
        assert mine.publish([], 1).done
    rows = ask(layout.ledger, "SELECT * FROM spans_received ORDER BY seq, writer")
    assert len(rows) == 6
    assert len(layout.segment_files("spans")) == 2


def test_small_segments_are_merged_by_the_way(layout: Layout) -> None:
    mine = publisher(layout, merging=Merging(many=2))
    mine.publish([], 1)
    (path,) = layout.segment_files("spans")
    assert path.stem.endswith("-merged")
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6]


def test_a_full_disk_is_one_clear_error_and_the_next_try_succeeds(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from parts import QUIET, spans, write, count
from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store.open(Path(sys.argv[1]), QUIET)
write(store, "spans", spans(*range(1, 301)))
for size in (0, 100, 5_000, 20_000, 200_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, -1))
    try:
        store.publish(0)
    except StoreError as error:
        print(str(error).count("cannot publish") + str(error).count("cannot use"), flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    assert count(store.layout) == 300
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
assert store.publish(5)
assert not store.layout.hot_files("spans")
assert not list(store.layout.root.rglob("*.tmp*"))
assert count(store.layout) == 300
store.close()
print("done")
"""
    lines = python(code, tmp_path, Path(__file__).parent).split()
    assert lines[-1] == "done"
    assert len(lines) >= 3
    assert set(lines[:-1]) == {"1"}


def test_a_directory_without_rights_is_one_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StoreError, match="choose another with --data"):
        Store.open(blocked / "data")


def test_publishers_need_no_memory_of_each_other(layout: Layout) -> None:
    first, second = publisher(layout, "aaaaa"), publisher(layout, "bbbbb")
    for number in range(10, 16):
        abandon(journal(layout, "spans", spans(number)))
        mine: Publisher = first if number % 2 else second
        assert mine.publish([], 1).done
    assert span_numbers(layout) == [1, 2, 3, 4, 5, 6, *range(10, 16)]
