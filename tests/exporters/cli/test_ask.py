"""`sql` and `query` answer in every format, and refuse in one line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from .command import Run


def test_json_is_an_array_of_objects(run: Run, data: Path) -> None:
    text = "SELECT 1 AS n, NULL AS nothing, sum(1::BIGINT) AS s, 'NaN'::DOUBLE AS d, [1] AS l"
    ran = run("sql", text, "--data", data, "--format", "json")
    assert ran.code == 0
    assert json.loads(ran.out) == [{"n": 1, "nothing": None, "s": 1, "d": "NaN", "l": [1]}]


def test_no_rows_are_an_empty_array(run: Run, data: Path) -> None:
    ran = run("sql", "SELECT 1 AS n WHERE false", "--data", data, "--format", "json")
    assert json.loads(ran.out) == []


def test_jsonl_and_csv_have_a_row_a_line(run: Run, data: Path) -> None:
    text = "SELECT n, 'a,\"b\"' AS t FROM range(2) AS r(n)"
    lines = run("sql", text, "--data", data, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == [{"n": n, "t": 'a,"b"'} for n in (0, 1)]
    table = run("sql", text, "--data", data, "--format", "csv").out
    assert list(csv.reader(io.StringIO(table))) == [["n", "t"], ["0", 'a,"b"'], ["1", 'a,"b"']]


def test_sql_comes_from_standard_input_too(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 7 AS n"))
    assert json.loads(run("sql", "-", "--data", data, "--format", "json").out) == [{"n": 7}]


def test_a_column_named_at_needs_no_quotes(run: Run, data: Path) -> None:
    ran = run("sql", "SELECT at FROM logs ORDER BY at LIMIT 1", "--data", data, "--format", "csv")
    assert ran.out.startswith("at\n2")


def test_wrong_sql_is_one_line_and_exit_2(run: Run, data: Path) -> None:
    ran = run("sql", "SELECT nothing FROM spans", "--data", data)
    assert ran.code == 2
    assert ran.err.startswith('spanledger: Binder Error: Referenced column "nothing"')
    assert ran.err.count("\n") == 1


def test_writing_is_refused(run: Run, data: Path) -> None:
    ran = run("sql", "CREATE TABLE t (n INT)", "--data", data)
    assert ran.code == 2
    assert "read-only" in ran.err


def test_no_ledger_is_exit_3_and_says_what_to_run(run: Run, tmp_path: Path) -> None:
    ran = run("sql", "SELECT 1", "--data", tmp_path / "none")
    assert ran.code == 3
    assert "spanledger serve" in ran.err
    assert not (tmp_path / "none").exists()


def test_queries_are_listed_with_their_headers(run: Run) -> None:
    found = json.loads(run("query", "--format", "json").out)
    assert found
    assert all(row["query"] and row["header"] for row in found)


def test_every_listed_query_runs(run: Run, data: Path) -> None:
    for row in json.loads(run("query", "--format", "json").out):
        assert run("query", row["query"], "--data", data, "--format", "json").code == 0


def test_an_unknown_query_is_exit_3_and_names_the_known_ones(run: Run, data: Path) -> None:
    ran = run("query", "nonsense", "--data", data)
    assert ran.code == 3
    assert ran.err.startswith("spanledger: there is no query 'nonsense'; there are: ")


def test_a_setting_must_be_a_pair_and_a_name(run: Run, data: Path) -> None:
    name = json.loads(run("query", "--format", "json").out)[0]["query"]
    assert run("query", name, "--set", "plan_id", "--data", data).code == 2
    assert run("query", name, "--set", 'x"=1', "--data", data).code == 2


def test_a_reader_that_has_seen_enough_is_no_error(data: Path) -> None:
    command = [sys.executable, "-m", "spanledger", "sql", "FROM range(200000)"]
    with subprocess.Popen(
        [*command, "--data", str(data), "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
