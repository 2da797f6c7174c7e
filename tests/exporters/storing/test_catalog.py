"""`ledger.duckdb` can be lost, damaged or too new; the records behind it cannot."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing import catalog
from spanledger_exporters.storing.journal import exclusive
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.publish import ensure_current
from spanledger_exporters.storing.store import Store

from .parts import QUIET, abandon, ask, count, journal, logs, publisher, span_numbers, spans, write

COMMAND_LINE = Path(sys.executable).with_name("duckdb")
DAMAGES: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"no database at all" * 1000),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:5000]),
    "header": lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Published spans 1 and 2, span 3 in the tail."""
    made = Layout(tmp_path / "data")
    abandon(journal(made, "spans", spans(1, 2)))
    assert publisher(made).publish([], 1).done
    abandon(journal(made, "spans", spans(3)))
    return made


def aside(layout: Layout) -> list[Path]:
    return list(layout.root.glob("ledger.duckdb.damaged-*"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_made_again_and_nothing_is_lost(layout: Layout, damage: str) -> None:
    DAMAGES[damage](layout.ledger)
    store = Store.open(layout.root, QUIET)
    write(store, "spans", spans(4))
    assert span_numbers(layout) == [1, 2, 3, 4]
    store.close()
    assert span_numbers(layout) == [1, 2, 3, 4]
    assert bool(aside(layout)) == (damage != "missing")
    assert layout.ledger.stat().st_mode & 0o777 == 0o600


def test_nobody_finds_it_without_its_views(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.create()
    with ThreadPoolExecutor() as pool, exclusive(layout.publish_lock) as mine:
        assert mine
        asked = pool.submit(
            lambda: Ledger(layout.root).sql("SELECT count(*) FROM plans").fetchall()
        )
        with catalog.renewed(layout, 1) as connection:
            connection.execute("CREATE OR REPLACE VIEW plans AS SELECT 1")
            time.sleep(0.2)
            assert not layout.ledger.exists()
        assert asked.result(20) == [(1,)]


def test_any_wrong_byte_in_it_is_survived(layout: Layout) -> None:
    """Blocks are read when they are needed: damage shows on opening, or while publishing."""
    Store.open(layout.root, QUIET).close()
    content = layout.ledger.read_bytes()
    for place in range(0, len(content), len(content) // 15):
        flipped = bytearray(content)
        flipped[place : place + 8] = bytes(byte ^ 0x55 for byte in flipped[place : place + 8])
        layout.ledger.write_bytes(flipped)
        store = Store.open(layout.root, QUIET)
        assert store.publish(1)
        store.close()
        assert span_numbers(layout) == [1, 2, 3]


def test_damage_while_a_server_runs_is_mended_by_its_next_publish(layout: Layout) -> None:
    store = Store.open(layout.root, QUIET)
    DAMAGES["garbage"](layout.ledger)
    write(store, "spans", spans(4))
    assert store.publish(2)
    store.close()
    assert span_numbers(layout) == [1, 2, 3, 4]


def test_a_leftover_write_ahead_log_of_another_file_does_no_harm(layout: Layout) -> None:
    layout.ledger.with_name("ledger.duckdb.wal").write_bytes(b"garbage" * 100)
    Store.open(layout.root, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3]


def test_an_interrupted_creation_is_begun_again(layout: Layout) -> None:
    layout.ledger.unlink()
    (layout.root / "ledger.duckdb.new").write_bytes(b"half a file")
    half = layout.generations / "half"
    half.mkdir()
    (half / "ledger.duckdb").write_bytes(b"half a file")
    (half / "ledger.duckdb.wal").write_bytes(b"half a file")
    (layout.generations / "empty").mkdir()
    Store.open(layout.root, QUIET).close()
    assert span_numbers(layout) == [1, 2, 3]
    assert not list(layout.root.glob("*.new*"))
    assert len(list(layout.generations.iterdir())) == 1


def newer(path: Path) -> None:
    """Give the file the storage version of a DuckDB that is not there yet.

    It is 8 bytes at 12; the block's checksum before it is the exclusive or of a hash of each word.
    """
    content = bytearray(path.read_bytes())
    assert content[8:12] == b"DUCK"
    checksum = int.from_bytes(content[:8], "little") ^ _hashes(content)
    content[12:20] = (9999).to_bytes(8, "little")
    content[:8] = (checksum ^ _hashes(content)).to_bytes(8, "little")
    path.write_bytes(content)


def _hashes(content: bytearray) -> int:
    first, second = (int.from_bytes(content[at : at + 8], "little") for at in (8, 16))
    return (first * 0xBF58476D1CE4E5B9 ^ second * 0xBF58476D1CE4E5B9) & (1 << 64) - 1


def test_a_file_of_a_newer_duckdb_is_refused_in_one_line(layout: Layout) -> None:
    newer(layout.ledger)
    before = layout.ledger.read_bytes()
    with pytest.raises(StoreError, match=r"newer DuckDB.*pip install -U duckdb") as caught:
        Store.open(layout.root, QUIET)
    assert "\n" not in str(caught.value)
    with pytest.raises(StoreError, match=r"newer DuckDB \(storage version 9999\)"):
        Ledger(layout.root).sql("SELECT 1")
    assert layout.ledger.read_bytes() == before
    assert not aside(layout)


def test_the_first_question_after_a_move_publishes_again(layout: Layout) -> None:
    moved = Layout(layout.root.rename(layout.root.with_name("moved")))
    assert Ledger(moved.root).sql("SELECT count(*) FROM spans").fetchall() == [(3,)]
    assert count(moved) == 3


def test_a_damaged_file_is_made_again_by_the_first_question(layout: Layout) -> None:
    DAMAGES["garbage"](layout.ledger)
    assert Ledger(layout.root).sql("SELECT count(*) FROM spans").fetchall() == [(3,)]


def test_views_of_an_older_version_are_replaced(layout: Layout) -> None:
    with catalog.renewed(layout, 1) as connection:
        connection.execute("UPDATE ledger_facts SET value = 'old' WHERE name = 'queries'")
        connection.execute("DROP VIEW plan_steps")
    ensure_current(layout)
    assert Ledger(layout.root).sql("SELECT count(*) FROM plan_steps").fetchall() == [(0,)]


def command_line(database: Path, sql: str) -> list[dict[str, object]]:
    if not COMMAND_LINE.exists():
        pytest.skip("the duckdb command line (PyPI: duckdb-cli) is not installed")
    ran = subprocess.run(
        [COMMAND_LINE, "-readonly", "-json", database, "-c", sql],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rows: list[dict[str, object]] = json.loads(ran.stdout)
    return rows


def test_the_oldest_supported_command_line_reads_it(layout: Layout) -> None:
    store = Store.open(layout.root, QUIET)
    write(store, "logs", logs(1, 2))
    rows = command_line(layout.ledger, "SELECT count(*) AS n FROM spans")
    assert rows == [{"n": 3}]
    store.close()
    names = command_line(
        layout.ledger, "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
    )
    for row in names:
        assert command_line(layout.ledger, f"SELECT count(*) AS n FROM {row['view_name']}")
    assert len(names) >= 6


def test_it_can_be_attached_under_another_name(layout: Layout) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{layout.ledger}' AS other (READ_ONLY)")
        assert connection.execute("SELECT count(*) FROM other.spans").fetchall() == [(3,)]
        assert connection.execute("SELECT count(*) FROM other.plans").fetchall() == [(0,)]


USER = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("PRAGMA disable_checkpoint_on_shutdown")
connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
print("made", flush=True)
sys.stdin.readline()
os._exit(1)
"""


def test_what_somebody_wrote_into_it_stays_even_if_they_were_killed(layout: Layout) -> None:
    """It is in DuckDB's write-ahead log then."""
    command = [sys.executable, "-c", USER, str(layout.ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"made\n"
        held = publisher(layout).publish([], 0.1)
        assert not held.done
        assert f"is open for writing in python (PID {process.pid})" in (held.holder or "")
        process.communicate(b"\n")
    assert layout.ledger.with_name("ledger.duckdb.wal").exists()
    for _ in range(2):
        assert publisher(layout).publish([], 1).done
        assert ask(layout.ledger, "FROM mine") == [(42,)]
    assert not layout.ledger.with_name("ledger.duckdb.wal").exists()
    assert span_numbers(layout) == [1, 2, 3]


def test_a_copied_directory_needs_no_second_names(layout: Layout) -> None:
    copied = Layout(Path(shutil.copytree(layout.root, layout.root.with_name("copied"))))
    assert Ledger(copied.root).sql("SELECT count(*) FROM spans").fetchall() == [(3,)]
    assert publisher(copied).publish([], 1).done
    assert span_numbers(copied) == [1, 2, 3]
    assert len(list(copied.generations.iterdir())) == 1


def test_a_publish_that_fails_changes_nothing(layout: Layout) -> None:
    before = layout.ledger.stat().st_ino
    with pytest.raises(duckdb.CatalogException), catalog.renewed(layout, 1) as connection:
        connection.execute("DROP VIEW plans; DROP VIEW no_such_view")
    assert layout.ledger.stat().st_ino == before
    assert count(layout, "plans") == 0
    assert len(list(layout.generations.iterdir())) == 1
