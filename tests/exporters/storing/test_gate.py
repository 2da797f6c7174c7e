"""A file that somebody has open is told from one that nobody has, which can be shut."""

import contextlib
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.storing import gate

from .parts import python

OPENER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reading")
print("open", flush=True)
sys.stdin.readline()
"""
TRY = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=len(sys.argv) == 2); print('in')"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    return path


@contextlib.contextmanager
def opened_elsewhere(path: Path, how: str) -> Generator[str]:
    """Another process has it open: its name."""
    command = [sys.executable, "-c", OPENER, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        yield f"python (PID {process.pid})"
        process.communicate(b"\n")


def is_in(path: Path, *arguments: str) -> bool:
    ran = subprocess.run(
        [sys.executable, "-c", TRY, path, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout or "lock" in ran.stderr
    return ran.stdout == "in\n"


def test_a_reader_elsewhere_is_named_and_is_no_writer(database: Path) -> None:
    with opened_elsewhere(database, "reading") as name:
        assert gate.shut(database) == name
        assert gate.writer(database) is None
    assert gate.shut(database) is None


def test_a_writer_elsewhere_is_named(database: Path) -> None:
    with opened_elsewhere(database, "writing") as name:
        assert gate.writer(database) == name
        assert gate.shut(database) == name
    assert gate.writer(database) is None


@pytest.mark.parametrize("reads", [True, False])
def test_this_process_is_named_as_well(database: Path, *, reads: bool) -> None:
    with duckdb.connect(str(database), read_only=reads):
        assert "(PID " in (gate.shut(database) or "")
        assert bool(gate.writer(database)) != reads
    assert gate.shut(database) is None


def test_nobody_gets_into_a_file_that_is_shut_until_it_is_opened_again(database: Path) -> None:
    assert gate.shut(database) is None
    assert not is_in(database)
    gate.reopen(database)
    assert is_in(database)


def test_copying_it_does_not_let_others_write_what_is_read_here(
    database: Path, tmp_path: Path
) -> None:
    """Closing any handle of a file gives up all locks of the process on it."""
    with duckdb.connect(str(database), read_only=True):
        gate.copy(database, tmp_path / "copy.duckdb")
        assert not is_in(database, "writing")
    assert is_in(database, "writing")
    assert (tmp_path / "copy.duckdb").read_bytes() == database.read_bytes()


def test_who_found_a_file_before_it_was_buried_does_not_get_in(database: Path) -> None:
    late = database.with_name("late.duckdb")
    late.hardlink_to(database)
    assert gate.shut(database) is None
    gate.bury(database)
    assert not database.exists()
    assert not is_in(late)


def test_the_names_are_told_by_which_a_file_is_open_here(database: Path) -> None:
    other = database.with_name("other.duckdb")
    other.hardlink_to(database)
    gate.writer(database)
    assert gate.names_here(database) == set()
    with duckdb.connect(str(other), read_only=True):
        assert gate.names_here(database) == {other}


@pytest.mark.parametrize("bury", ["gate.bury(path)", "path.unlink()"], ids=["us", "another"])
def test_many_files_buried_by_anybody_keep_few_handles(tmp_path: Path, bury: str) -> None:
    code = f"""
import os, sys
from pathlib import Path
from spanledger_exporters.storing import gate
for number in range(50):
    path = Path(sys.argv[1]) / str(number)
    path.touch()
    assert gate.shut(path) is None
    {bury}
print(len(os.listdir("/dev/fd")) < 15)
"""
    assert python(code, tmp_path) == "True\n"
