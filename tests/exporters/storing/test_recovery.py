"""After a crash or a wrong bit, whole groups come back and nothing else is lost with the others."""

import base64
import itertools
import json
import shutil
from pathlib import Path

import pytest

from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.compression import open_kept
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.memory import RecentRequests
from spanledger_exporters.storing.recovery import DamagedFileError, Group, claim, groups, salvage
from spanledger_exporters.storing.store import Store
from spanledger_exporters.storing.writer import Request

from .parts import (
    QUIET,
    abandon,
    ask,
    count,
    dead_letters,
    journal,
    log_numbers,
    logs,
    publisher,
    spans,
    write,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hot file of four groups: records 0; 1 and 2; 3; 4."""
    layout = Layout(tmp_path_factory.mktemp("whole"))
    abandon(journal(layout, "logs", logs(0), logs(1, 2), logs(3), logs(4)))
    (path,) = layout.hot_files("logs")
    return path


def bodies(lines: bytes) -> list[str]:
    return [json.loads(line)["body"] for line in lines.splitlines()]


def recovered(path: Path) -> tuple[list[list[str]], list[bytes], int]:
    """The bodies of each group afterwards, what was buried, and how many bytes were cut."""
    buried: list[bytes] = []
    claimed = claim(path, buried.append)
    assert claimed
    claimed.close()
    found = list(groups(path))
    assert all(group.whole for group in found)
    assert sum(group.records for group in found) == claimed.records
    return [bodies(group.lines) for group in found], buried, claimed.cut


def starts(path: Path) -> list[int]:
    return [group.start for group in groups(path)]


def test_a_file_cut_at_any_byte_keeps_its_whole_groups_and_nothing_else(
    whole: Path, tmp_path: Path
) -> None:
    content = whole.read_bytes()
    expected = [bodies(group.lines) for group in groups(whole)]
    ends = [*starts(whole)[1:], len(content)]
    path = tmp_path / whole.name
    for size in range(len(content) + 1):
        path.write_bytes(content[:size])
        left = sum(end <= size for end in ends)
        cut = size - ([0, *ends][left])
        assert recovered(path) == (expected[:left], [], cut)


def test_one_wrong_bit_costs_one_group_and_that_is_kept_aside(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    expected = [bodies(group.lines) for group in groups(whole)]
    path = tmp_path / whole.name
    for place, bit in itertools.product(range(len(content)), (0, 7)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        found, buried, cut = recovered(path)
        lost = [group for group in expected if group not in found]
        assert cut == 0
        assert len(lost) <= 1
        assert len(buried) == len(lost)
        # Only a request's hash, the names for readers and the last newline can change unnoticed.
        if not lost:
            assert place not in range(*_lines_of(whole, place))


def _lines_of(path: Path, place: int) -> tuple[int, int]:
    """Where the lines of the group around a byte are."""
    group = [g for g in groups(path) if g.start <= place][-1]
    return group.start, group.start + len(group.lines)


def test_the_store_opens_unaided_after_any_cut_and_takes_more(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    for size in range(0, len(content), 190):
        layout = Layout(tmp_path / str(size))
        layout.create()
        (layout.hot / whole.name).write_bytes(content[:size])
        store = Store.open(layout.root, QUIET)
        write(store, "logs", logs(9))
        store.close()
        left = [5, 5, 5, 5, 5]
        found = log_numbers(layout)
        assert found in ([9], [0, 9], [0, 1, 2, 9], [0, 1, 2, 3, 9], [0, 1, 2, 3, 4, 9]), left
        assert not layout.hot_files("logs")
        assert dead_letters(layout) == []


def test_a_damaged_group_is_a_dead_letter_with_its_reason(whole: Path, tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()
    content = bytearray(whole.read_bytes())
    second, third = starts(whole)[1:3]
    content[second + 10] ^= 1
    (layout.hot / whole.name).write_bytes(content)
    Store.open(layout.root, QUIET).close()
    assert log_numbers(layout) == [0, 3, 4]
    (line,) = dead_letters(layout)
    letter = json.loads(line)
    assert letter["reason"] == f"damaged group in {whole.name}"
    assert base64.b64decode(letter["raw"]) in bytes(content[second:third])
    assert upkeep.verify(layout).problems == []


def test_damage_is_kept_aside_before_it_leaves_the_file(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[20] ^= 1
    path = tmp_path / whole.name
    path.write_bytes(content)

    def full_disk(_lines: bytes) -> None:
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        claim(path, full_disk)
    assert path.read_bytes() == content
    assert len(recovered(path)[1]) == 1


def test_a_group_that_lost_its_marker_does_not_take_the_next_with_it(
    whole: Path, tmp_path: Path
) -> None:
    content = whole.read_bytes()
    path = tmp_path / whole.name
    path.write_bytes(content.replace(b'{"$commit"', b'{"$comNit"', 1))
    assert [(g.whole, g.records) for g in groups(path)] == [
        (False, 0),
        (True, 2),
        (True, 1),
        (True, 1),
    ]
    broken = content.index(b'"crc":"') + 20
    path.write_bytes(content[:broken] + b"x" + content[broken + 1 :])
    assert [g.whole for g in groups(path)].count(False) <= 1


def test_the_requests_of_damaged_groups_are_not_taken_for_known(
    whole: Path, tmp_path: Path
) -> None:
    layout = Layout(tmp_path)
    layout.create()
    keys = [key for group in groups(whole) for key in group.requests or ()]
    content = bytearray(whole.read_bytes())
    content[10] ^= 1
    (layout.hot / whole.name).write_bytes(content)
    recent = RecentRequests()
    recent.load(layout)
    assert [recent.receipt(key) is not None for key in keys] == [False, True, True, True]
    assert keys[0] == Request("logs", logs(0)).fingerprint()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A published journal file of 50 groups."""
    layout = Layout(tmp_path / "kept")
    abandon(journal(layout, "spans", *(spans(n, note="x" * 50) for n in range(1, 51))))
    assert publisher(layout).publish([], 1).done
    (path,) = layout.kept_files("spans")
    return path


def test_a_kept_file_that_ends_early_gives_what_it_still_has(kept: Path, tmp_path: Path) -> None:
    content = kept.read_bytes()
    kept.write_bytes(content[: len(content) - 5])
    found: list[Group] = []
    with pytest.raises(DamagedFileError, match="restore it from a copy"):
        found.extend(groups(kept))
    problems = salvage(kept, tmp_path / "out.tmp")
    assert [str(kept) in problem for problem in problems] == [True]


def read(kept: Path) -> bytes:
    with open_kept(kept) as file:
        return file.read()


def test_verify_names_a_kept_file_with_any_wrong_byte(kept: Path, tmp_path: Path) -> None:
    layout = Layout(kept.parents[2])
    content, told = kept.read_bytes(), read(kept)
    missed = []
    for place in range(0, len(content), 23):
        flipped = bytearray(content)
        flipped[place] ^= 4
        kept.write_bytes(flipped)
        named = any(str(kept) in problem for problem in upkeep.verify(layout).problems)
        # Zstandard has bits that change nothing that is read, its checksum included.
        if not named and read(kept) != told:
            missed.append(place)
    assert missed == []
    kept.write_bytes(content)
    assert upkeep.verify(layout).problems == []


def test_the_store_opens_although_a_kept_file_is_damaged(kept: Path) -> None:
    layout = Layout(kept.parents[2])
    kept.write_bytes(b"no zstandard")
    store = Store.open(layout.root, QUIET)
    write(store, "spans", spans(99))
    store.close()
    assert count(layout) == 51


def test_leftovers_of_a_killed_publisher_are_swept_away(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    abandon(journal(layout, "spans", spans(1)))
    (hot,) = layout.hot_files("spans")
    leftovers = [hot.with_suffix(".tmp"), layout.segments("spans") / "x.tmp-1"]
    for path in leftovers:
        path.write_bytes(b"half")
    Store.open(layout.root, QUIET).close()
    assert [path.exists() for path in leftovers] == [False, False]
    assert count(layout) == 1


def test_a_directory_may_have_any_name(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "it's a [1] * dir")
    store = Store.open(layout.root, QUIET)
    write(store, "spans", spans(1))
    assert count(layout) == 1
    store.close()
    assert count(layout) == 1
    assert ask(layout.ledger, "SELECT span_id FROM spans") == [(f"{1:016x}",)]


def test_a_directory_that_was_moved_is_shown_again(tmp_path: Path) -> None:
    old = Layout(tmp_path / "old")
    abandon(journal(old, "spans", spans(1)))
    Store.open(old.root, QUIET).close()
    new = Layout(Path(shutil.move(old.root, tmp_path / "new")))
    Store.open(new.root, QUIET).close()
    assert count(new) == 1
