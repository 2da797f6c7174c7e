"""Files that were made, changed or removed between two looks are found, and no others."""

from pathlib import Path

import pytest

from spanledger.files import Change, Folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("a.txt", "b.txt", "deep/c.txt", "deep/er/d.txt", ".git/index"):
        write(tmp_path / name, "1")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def changed(folder: Folder, root: Path) -> list[Change]:
    before = folder.look()
    write(root / "a.txt", "12")
    write(root / "new/n.txt", "123")
    write(root / ".git/index", "12")
    write(root / "deep/er/d.log", "12")
    (root / "deep/c.txt").unlink()
    return list(before.changes(folder.look()))


def test_what_was_made_changed_and_removed_is_told_in_order(root: Path) -> None:
    assert changed(Folder(root), root) == [
        Change("a.txt", "modified", 1, 2),
        Change("deep/c.txt", "deleted", 1, None),
        Change("deep/er/d.log", "created", None, 2),
        Change("new/n.txt", "created", None, 3),
    ]


def test_ignored_names_and_folders_are_not_looked_at(root: Path) -> None:
    folder = Folder(root, (".git", "*.log", "new"), frozenset({root / "deep"}))
    assert [change.path for change in changed(folder, root)] == ["a.txt"]


def test_nothing_ignored_is_everything(root: Path) -> None:
    assert ".git/index" in [change.path for change in changed(Folder(root, ()), root)]


def test_a_look_that_was_cut_invents_no_changes(root: Path) -> None:
    folder = Folder(root, most=5)
    before = folder.look()
    write(root / "a2.txt", "1")
    after = folder.look()
    assert (before.is_whole, after.is_whole) == (False, False)
    assert [change.path for change in before.changes(after)] == ["a2.txt"]


def test_links_are_not_followed_and_their_targets_not_told(root: Path) -> None:
    (root / "loop").symlink_to(root)
    before = Folder(root).look()
    assert before.is_whole
    write(root / "deep/c.txt", "12")
    assert [c.path for c in before.changes(Folder(root).look())] == ["deep/c.txt"]


def test_a_folder_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(Folder(tmp_path / "no").look().changes(Folder(tmp_path / "no").look())) == []
