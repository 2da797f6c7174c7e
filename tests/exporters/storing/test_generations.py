"""A new ledger takes the place of the old one, which goes when nobody has it open."""

from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.storing import generations
from spanledger_exporters.storing.generations import HeldError
from spanledger_exporters.storing.layout import Layout

from .parts import python

PUBLISH = """
import duckdb, sys
from pathlib import Path
from spanledger_exporters.storing import generations
from spanledger_exporters.storing.layout import Layout
layout = Layout(Path(sys.argv[1]))
path = generations.begin(layout)
with duckdb.connect(str(path)) as connection:
    connection.execute("CREATE VIEW number AS SELECT 2")
generations.place(layout, path)
print([who.split()[0] for who in generations.held(layout).values()])
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path)
    made.create()
    renew(made, 1)
    return made


def renew(layout: Layout, number: int) -> None:
    path = generations.begin(layout)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE VIEW number AS SELECT {number}")
    generations.place(layout, path)


def number_in(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        ((number,),) = connection.execute("FROM number").fetchall()
        return int(number)


def test_people_find_the_newest_under_both_of_its_names(layout: Layout) -> None:
    renew(layout, 2)
    newest = generations.current(layout)
    assert newest.parent.parent == layout.generations
    assert newest.samefile(layout.ledger)
    assert number_in(layout.ledger) == number_in(newest) == 2


def test_one_process_reads_an_older_and_the_newest_side_by_side(layout: Layout) -> None:
    older = generations.current(layout)
    with duckdb.connect(str(older), read_only=True) as reading:
        renew(layout, 2)
        assert number_in(generations.current(layout)) == 2
        assert reading.execute("FROM number").fetchall() == [(1,)]
        assert list(generations.held(layout)) == [older]
    assert generations.held(layout) == {}
    assert not older.parent.exists()


def test_asking_beside_a_connection_of_ones_own_does_not_give_up_its_lock(layout: Layout) -> None:
    with duckdb.connect(str(layout.ledger), read_only=True) as reading:
        assert number_in(generations.to_read(layout)) == 1
        assert python(PUBLISH, layout.root) == "['python']\n"
        assert number_in(generations.to_read(layout)) == 2
        assert python(PUBLISH, layout.root) == "['python']\n"
        assert reading.execute("FROM number").fetchall() == [(1,)]
    assert python(PUBLISH, layout.root) == "[]\n"


def test_a_file_without_another_name_is_kept_for_its_readers_too(layout: Layout) -> None:
    """That of a directory which was copied, or is from before there were generations."""
    content = layout.ledger.read_bytes()
    layout.ledger.unlink()
    layout.ledger.write_bytes(content)
    assert generations.current(layout) == layout.ledger
    with duckdb.connect(str(layout.ledger), read_only=True):
        renew(layout, 2)
        assert len(generations.held(layout)) == 1
    assert generations.held(layout) == {}
    assert number_in(layout.ledger) == 2


def test_whoever_wants_to_be_alone_waits_for_readers_of_any_generation(layout: Layout) -> None:
    older = generations.current(layout)
    renew(layout, 2)
    for path in (older, generations.current(layout)):
        with (
            duckdb.connect(str(path), read_only=True),
            pytest.raises(HeldError, match=r"is open in .* \(PID \d+\)"),
            generations.alone(layout, 0.1),
        ):
            pass
    with generations.alone(layout, 1):
        pass
    assert number_in(layout.ledger) == 2


def test_what_is_placed_by_who_is_alone_can_be_read_at_once(layout: Layout) -> None:
    with generations.alone(layout, 1):
        renew(layout, 2)
        assert number_in(layout.ledger) == 2
    assert number_in(layout.ledger) == 2
    assert generations.held(layout) == {}


def test_it_can_be_begun_where_there_was_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.create()
    assert generations.held(layout) == {}
    with generations.alone(layout, 0):
        renew(layout, 1)
    assert number_in(layout.ledger) == 1


def test_what_a_later_one_needs_again_is_not_deleted(layout: Layout) -> None:
    again, never = layout.settled / "again", layout.settled / "never"
    again.mkdir()
    never.mkdir()
    leftovers = generations.Leftovers(layout)
    with duckdb.connect(str(generations.current(layout)), read_only=True):
        renew(layout, 2)
        leftovers.add([again, never])
        assert leftovers.tidy()
        renew(layout, 3)
        leftovers.add([never])
        assert leftovers.tidy()
        assert never.exists()
    assert leftovers.tidy() is None
    assert again.exists()
    assert not never.exists()
