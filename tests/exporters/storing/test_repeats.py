"""A span delivered again is one row; another content under the same id is kept and flagged."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.storing.writer import Request, Writer

from .parts import (
    QUIET,
    abandon,
    ask,
    count,
    journal,
    log_numbers,
    logs,
    metrics,
    publisher,
    span_numbers,
    spans,
    write,
)


def deliveries(layout: Layout) -> list[int | None]:
    rows = ask(layout.ledger, "SELECT delivery FROM spans_received ORDER BY received_ns, seq")
    return [row[0] for row in rows]


def conflicts(layout: Layout) -> list[tuple[int, str, bool]]:
    rows = ask(layout.ledger, "SELECT span_id, name, conflict FROM spans ORDER BY 1, 2")
    return [(int(span_id, 16), name, flag) for span_id, name, flag in rows]


def test_a_span_in_another_request_is_one_row_before_and_after_publishing(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1, 2), spans(2, 3), spans(2))
    for _ in range(2):
        assert span_numbers(store.layout) == [1, 2, 3]
        assert count(store.layout, "spans_received") == 5
        assert deliveries(store.layout) == [None, None, 2, None, 3]
        assert store.publish(1)
    store.close()


def test_a_span_twice_in_one_request_is_one_row(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1, 1, 1))
    assert span_numbers(store.layout) == [1]
    store.close()
    assert span_numbers(store.layout) == [1]
    assert count(store.layout, "spans_received") == 3


def test_a_span_that_comes_again_after_a_restart_is_one_row(tmp_path: Path) -> None:
    for ids in ((1, 2), (2, 3), (3, 1)):
        store = Store.open(tmp_path, QUIET)
        write(store, "spans", spans(*ids))
        store.close()
    assert span_numbers(Layout(tmp_path)) == [1, 2, 3]
    assert count(Layout(tmp_path), "spans_received") == 6


def test_other_attributes_of_all_kinds_do_not_hide_that_it_is_the_same_span(
    tmp_path: Path,
) -> None:
    """Rows in memory, in a segment and read again from JSON lines must compare as equal."""
    for attempt in range(3):
        layout = Layout(tmp_path)
        writer = journal(layout, "spans", spans(1, name=f"n{attempt}"), spans(7, note="ä\n\x00"))
        if attempt == 1:
            sealed = writer.seal(0)
            publisher(layout).publish(sealed, 1)
        abandon(writer)
        assert publisher(layout).publish([], 1).done
    assert conflicts(layout) == [
        (1, "n0", True),
        (1, "n1", True),
        (1, "n2", True),
        (7, "work", False),
    ]


def test_two_writers_with_the_same_data_store_it_once(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for payloads in ((spans(1, 2), spans(3)), (spans(1), spans(2, 3))):
        abandon(journal(layout, "spans", *payloads))
    assert publisher(layout).publish([], 1).records == 6
    assert span_numbers(layout) == [1, 2, 3]
    assert count(layout, "spans_received") == 6


def test_another_content_under_the_same_id_is_kept_and_both_are_flagged(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "spans", spans(1, 2), spans(1, name="other"), spans(1, name="other", note="x"))
    assert [row[:2] for row in conflicts(store.layout)] == [
        (1, "other"),
        (1, "other"),
        (1, "work"),
        (2, "work"),
    ]
    assert store.publish(1)
    assert [flag for _, _, flag in conflicts(store.layout)] == [True, True, True, False]
    store.close()


def test_a_conflict_across_a_restart_is_flagged(tmp_path: Path) -> None:
    for name in ("first", "second", "first"):
        store = Store.open(tmp_path, QUIET)
        write(store, "spans", spans(1, 2, name=name))
        store.close()
    expected = [(1, "first", True), (1, "second", True), (2, "first", True), (2, "second", True)]
    assert conflicts(Layout(tmp_path)) == expected


def test_flags_survive_the_loss_of_everything_derived(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    for name in ("first", "second"):
        store = Store.open(tmp_path, QUIET)
        write(store, "spans", spans(1, name=name))
        store.close()
    layout.ledger.unlink()
    Store.open(tmp_path, QUIET).close()
    assert conflicts(layout) == [(1, "first", True), (1, "second", True)]
    layout.ledger.unlink()
    for path in layout.segment_files("spans"):
        path.unlink()
    upkeep.rebuild(layout, lambda _done, _all: None)
    assert conflicts(layout) == [(1, "first", True), (1, "second", True)]


def test_a_copy_counts_for_the_first_when_the_first_was_lost(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    writer = journal(layout, "spans", spans(1), spans(1, 2))
    abandon(writer)
    (path,) = layout.hot_files("spans")
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(content)
    assert publisher(layout).publish([], 1).done
    assert span_numbers(layout) == [1, 2]


@pytest.mark.parametrize("signal_name", ["spans", "logs", "metrics"])
def test_an_identical_request_is_written_once(tmp_path: Path, signal_name: str) -> None:
    payload = {"spans": spans, "logs": logs, "metrics": metrics}[signal_name](1, 2)
    store = Store.open(tmp_path, QUIET)
    write(store, signal_name, payload, payload)
    write(store, signal_name, payload)
    assert count(store.layout, f"{signal_name}_received") == 2
    assert store.status().repeated_requests >= 1
    store.close()
    store = Store.open(tmp_path, QUIET)
    write(store, signal_name, payload)
    store.close()
    assert count(store.layout, f"{signal_name}_received") == 2


def test_the_same_request_of_another_signal_is_no_repetition() -> None:
    assert Request("spans", b"").fingerprint() != Request("logs", b"").fingerprint()


def test_a_request_is_known_after_its_writer_was_killed(tmp_path: Path) -> None:
    code = """
import os, sys, signal
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from parts import QUIET, logs, metrics, write
from spanledger_exporters.storing.store import Store
store = Store.open(Path(sys.argv[1]), QUIET)
write(store, "logs", logs(1, 2), logs(3))
write(store, "metrics", metrics(1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code, str(tmp_path), str(Path(__file__).parent)]
    ran = subprocess.run(command, timeout=60, check=False)
    assert ran.returncode == -signal.SIGKILL
    store = Store.open(tmp_path, QUIET)
    write(store, "logs", logs(3), logs(1, 2), logs(4))
    write(store, "metrics", metrics(1))
    assert store.status().repeated_requests == 3
    store.close()
    assert log_numbers(store.layout) == [1, 2, 3, 4]
    assert count(store.layout, "metrics") == 1


def test_what_failed_is_no_repetition_when_it_is_sent_again(tmp_path: Path) -> None:
    """A full disk, then the same spans again: they are not copies of what was never stored."""
    layout = Layout(tmp_path)
    layout.create()
    writer = Writer(layout, min_free_bytes=1 << 62)
    with pytest.raises(StoreError, match="free some space"):
        writer.write("spans", [Request("spans", spans(1, 2))])
    writer.min_free_bytes = 0
    hot = layout.hot.rename(layout.hot.with_name("away"))
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot write"):
            writer.write("spans", [Request("spans", spans(1, 2))])
    hot.rename(layout.hot)
    writer.write("spans", [Request("spans", spans(1, 2))])
    writer.write("spans", [Request("spans", spans(2, 3))])
    abandon(writer)
    Store.open(tmp_path, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3]
    assert deliveries(layout) == [None, None, 2, None]


def test_old_requests_are_forgotten_without_the_kept_journal(tmp_path: Path) -> None:
    options = StoreOptions(seal_age_s=3600, min_free_bytes=0, keep_journal="none")
    store = Store.open(tmp_path, options)
    write(store, "logs", logs(1))
    store.close()
    assert not store.layout.kept_files("logs")
    assert log_numbers(store.layout) == [1]


def test_a_retry_after_ten_minutes_is_a_new_request(tmp_path: Path) -> None:
    store = Store.open(tmp_path, QUIET)
    write(store, "logs", logs(1))
    store.close()
    (path,) = store.layout.kept_files("logs")
    os.utime(path, (path.stat().st_mtime - 700,) * 2)
    store = Store.open(tmp_path, QUIET)
    write(store, "logs", logs(1))
    store.close()
    assert log_numbers(store.layout) == [1, 1]
