"""`import`, `export`, `verify`, `rebuild` and `snapshot` work on the files of a ledger."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load

from .command import Run

COUNTS = "SELECT (SELECT count(*) FROM spans) AS s, (SELECT count(*) FROM logs) AS l"


@pytest.fixture
def copy(data: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(data, tmp_path / "copy"))


@pytest.fixture
def exported(run: Run, data: Path, tmp_path: Path) -> Path:
    run("export", "otlp", "--out", tmp_path / "out", "--data", data)
    return tmp_path / "out"


def counts(run: Run, data: Path) -> tuple[int, int]:
    (row,) = json.loads(run("sql", COUNTS, "--data", data, "--format", "json").out)
    return row["s"], row["l"]


def test_what_was_exported_can_be_imported(run: Run, exported: Path, tmp_path: Path) -> None:
    assert sorted(path.name for path in exported.iterdir()) == ["logs.jsonl", "traces.jsonl"]
    ran = run("import", exported, "--data", tmp_path / "again")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "spanledger: 18 spans, 13 logs, 0 metrics from 2 requests in 2 files\n"
    assert counts(run, tmp_path / "again") == (18, 13)


def test_lines_go_to_standard_output_too(run: Run, data: Path, exported: Path) -> None:
    ran = run("export", "otlp", "--out", "-", "--data", data)
    files = [exported / name for name in ("traces.jsonl", "logs.jsonl")]
    assert ran.out == "".join(path.read_text() for path in files)


def test_importing_twice_says_that_it_was_there(run: Run, exported: Path, tmp_path: Path) -> None:
    run("import", exported, "--data", tmp_path / "again")
    ran = run("import", exported, "--data", tmp_path / "again")
    assert "2 requests were in the ledger already" in ran.err
    assert counts(run, tmp_path / "again") == (18, 13)


def test_an_import_beside_a_server_is_seen(run: Run, exported: Path, tmp_path: Path) -> None:
    data = tmp_path / "served"
    with collector(load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")):
        assert run("import", exported, "--data", data).code == 0
        assert counts(run, data) == (18, 13)


def test_bad_lines_are_noted_and_the_rest_is_kept(run: Run, exported: Path, tmp_path: Path) -> None:
    path = exported / "traces.jsonl"
    path.write_text("{bad\x1b[2J\n" + path.read_text())
    ran = run("import", path, "--data", tmp_path / "again")
    assert ran.code == 0
    assert f"spanledger: {path}:1: not OTLP: no resourceSpans" in ran.err
    assert "\x1b" not in ran.err
    assert f"1 rejected: kept in {tmp_path / 'again' / 'deadletter'}" in ran.err
    assert counts(run, tmp_path / "again") == (18, 0)


def test_nothing_readable_is_exit_1_and_no_file_exit_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("hello\n")
    ran = run("import", tmp_path / "x.jsonl", "--data", tmp_path / "again")
    assert ran.code == 1
    assert ran.err.endswith("spanledger: nothing in these files is OTLP\n")
    assert run("import", tmp_path / "none", "--data", tmp_path / "again").code == 3


def test_a_good_ledger_is_verified_and_a_damaged_one_is_not(run: Run, copy: Path) -> None:
    ran = run("verify", "--data", copy)
    assert (ran.code, ran.out) == (0, "")
    segment = next((copy / "segments" / "spans").glob("2*.parquet"))
    segment.write_bytes(segment.read_bytes()[:-100])
    ran = run("verify", "--data", copy)
    assert ran.code == 1
    assert str(segment) in ran.out
    assert ran.err.endswith("spanledger: 1 problems\n")


def test_a_ledger_is_rebuilt_from_its_journal(run: Run, copy: Path) -> None:
    shutil.rmtree(copy / "segments")
    (copy / "ledger.duckdb").unlink()
    ran = run("rebuild", "--data", copy)
    assert (ran.code, ran.err) == (0, "spanledger: 31 records from 2 journal files\n")
    assert counts(run, copy) == (18, 13)


def test_a_snapshot_stands_alone(run: Run, copy: Path, tmp_path: Path) -> None:
    assert run("snapshot", tmp_path / "s.duckdb", "--data", copy).code == 0
    shutil.rmtree(copy)
    with duckdb.connect(str(tmp_path / "s.duckdb"), read_only=True) as db:
        assert db.execute(COUNTS).fetchall() == [(18, 13)]


def test_keeping_what_is_not_there_is_exit_3_and_makes_nothing(run: Run, tmp_path: Path) -> None:
    for command in (
        ["verify"],
        ["rebuild"],
        ["snapshot", "s.duckdb"],
        ["export", "otlp", "--out", "o"],
    ):
        assert run(*command, "--data", tmp_path / "none").code == 3
    assert not (tmp_path / "none").exists()
