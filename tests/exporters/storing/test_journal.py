"""A group is in a hot file whole or not at all, and the file belongs to a living process."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing.journal import LONGEST_LINE, FileLock, HotFile, Journal, marker
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.recovery import claim, groups

LINES = b'{"received_ns":1,"writer":"abcde","seq":7,"name":"one"}\n'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.create()
    return made


@contextmanager
def file_size_limit(size: int) -> Generator[None]:
    """Writes beyond `size` fail as on a full disk: the system writes what fits."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def journal(layout: Layout) -> Journal:
    return Journal(layout, "abcde", durable=True)


def refuse(_line: bytes) -> None:
    raise AssertionError("nothing is damaged here")


def test_a_marker_tells_records_requests_and_checksum_of_the_lines_before_it() -> None:
    mark = json.loads(marker(LINES, 1, ["aa", "bb"]))
    crc = f"{zlib.crc32(LINES):08x}"
    assert mark["$commit"] == {"records": 1, "requests": ["aa", "bb"], "crc": crc}
    assert (mark["writer"], mark["committed"]) == ("abcde", 7)
    assert marker(LINES, 1, []).count(b"\n") == 1


def test_groups_come_back_as_they_were_written(layout: Layout) -> None:
    opened = journal(layout)
    opened.append("spans", LINES, 1, ["aa"])
    opened.append("spans", LINES * 3, 3, ["bb", "cc"])
    (path,) = layout.hot_files("spans")
    assert [(g.lines, g.records, g.requests) for g in groups(path)] == [
        (LINES, 1, ("aa",)),
        (LINES * 3, 3, ("bb", "cc")),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("room", [0, 1, len(LINES) - 1, len(LINES), len(LINES) + 20])
def test_a_full_disk_leaves_the_file_as_it_was_and_it_is_used_again(
    layout: Layout, room: int
) -> None:
    opened = journal(layout)
    opened.append("spans", LINES, 1, ["aa"])
    (path,) = layout.hot_files("spans")
    before = path.read_bytes()
    with file_size_limit(len(before) + room):
        for _ in range(3):
            with pytest.raises(StoreError, match=r"cannot write .*: (File too large|No space)"):
                opened.append("spans", LINES, 1, ["bb"])
    assert path.read_bytes() == before
    opened.append("spans", LINES, 1, ["cc"])
    assert layout.hot_files("spans") == [path]
    assert [g.requests for g in groups(path)] == [("aa",), ("cc",)]


def test_after_a_failed_sync_a_new_file_is_begun(layout: Layout) -> None:
    opened = journal(layout)
    opened.append("spans", LINES, 1, ["aa"])
    file = opened.open_file("spans")
    assert file
    file.suspect = True
    opened.append("spans", LINES, 1, ["bb"])
    opened.append("spans", LINES, 1, ["cc"])
    requests = [[g.requests for g in groups(path)] for path in layout.hot_files("spans")]
    assert requests == [[("aa",), ("bb",)], [("cc",)]]
    assert [(name, retired.records) for name, retired in opened.take_retired()] == [("spans", 2)]


def test_a_directory_that_is_gone_is_one_clear_error(layout: Layout) -> None:
    opened = journal(layout)
    (layout.hot / "spans-none.jsonl").unlink()
    for path in layout.hot.iterdir():
        path.unlink()
    layout.hot.rmdir()
    with pytest.raises(StoreError, match=r"cannot write .*: No such file or directory"):
        opened.append("spans", LINES, 1, [])


def test_a_line_too_long_for_views_gets_a_file_they_do_not_read(layout: Layout) -> None:
    opened = journal(layout)
    opened.append("spans", LINES, 1, ["aa"])
    opened.append("spans", b"{" + b" " * LONGEST_LINE + b"}\n", 1, ["bb"])
    opened.append("spans", LINES * (LONGEST_LINE // len(LINES) + 1), 9, ["cc"])
    assert [path.suffix for path in layout.hot_files("spans")] == [".jsonl", ".wide", ".jsonl"]
    assert [file.records for _, file in opened.take_retired()] == [1, 1]


def test_an_empty_file_is_not_handed_out_but_left_to_the_next_publisher(layout: Layout) -> None:
    opened = journal(layout)
    with file_size_limit(10), pytest.raises(StoreError):
        opened.append("spans", LINES, 1, [])
    (path,) = layout.hot_files("spans")
    assert claim(path, refuse) is None
    opened.rotate("spans")
    assert not opened.has_retired()
    claimed = claim(path, refuse)
    assert claimed
    assert claimed.records == 0


def test_nobody_claims_the_file_of_a_living_writer(layout: Layout) -> None:
    file = HotFile(layout.hot_file("spans", "20260101T000000000000Z-abcde-1"))
    assert claim(file.path, refuse) is None
    file.close()
    claimed = claim(file.path, refuse)
    assert claimed
    assert claim(file.path, refuse) is None
    claimed.close()


def test_a_forked_child_does_not_keep_its_parents_files_locked(layout: Layout) -> None:
    """The parent dies, the child lives on: the parent's files are abandoned all the same."""
    ready, go = os.pipe()
    stem = "20260101T000000000000Z-abcde-1"
    parent = os.fork()
    if not parent:
        HotFile(layout.hot_file("spans", stem)).append(LINES, 1, [], durable=True)
        if not os.fork():
            os.write(go, b"%d" % os.getpid())
            time.sleep(60)
        os._exit(0)
    os.waitpid(parent, 0)
    child = int(os.read(ready, 20))
    try:
        claimed = claim(layout.hot_file("spans", stem), refuse)
        assert claimed
        assert claimed.records == 1
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(ready)
        os.close(go)


def test_a_forked_child_does_not_take_its_parents_lock_away(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    lock = FileLock(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    assert lock.take()
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)
    other = FileLock(os.open(path, os.O_RDWR | os.O_CLOEXEC))
    assert not other.take()
    lock.close()
    lock.close()
    assert other.take()
    other.close()


def test_hot_files_are_named_by_time_writer_and_number(layout: Layout) -> None:
    opened = journal(layout)
    for signal_name in ("spans", "logs"):
        opened.append(signal_name, LINES, 1, [])
        opened.rotate(signal_name)
        opened.append(signal_name, LINES, 1, [])
    names = [path.name for name in ("spans", "logs") for path in layout.hot_files(name)]
    assert all(re.fullmatch(r"(spans|logs)-\d{8}T\d{12}Z-abcde-\d\.jsonl", n) for n in names)
    assert len(set(names)) == 4


BEGINNER = """
import sys
from pathlib import Path
from spanledger_exporters.storing.journal import HotFile
files = [HotFile(Path(path.strip())) for path in iter(sys.stdin.readline, "")]
"""


def test_a_file_that_is_being_begun_is_never_taken_for_abandoned(layout: Layout) -> None:
    stems = (f"20260101T000000000000Z-abcde-{number}" for number in range(200))
    paths = [layout.hot_file("spans", stem) for stem in stems]
    command = [sys.executable, "-c", BEGINNER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdin
        process.stdin.writelines(f"{path}\n" for path in paths)
        process.stdin.flush()
        for path in paths:
            while not path.exists():
                assert process.poll() is None
            found = claim(path, refuse)
            if found:
                found.close()
            assert found is None
