"""A ledger answers SQL from its directory and lets go of the file between questions."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.errors import LedgerError, NotFoundError, StoreError, UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store

HOLD = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.readline()"
)


def trace(spans: int) -> bytes:
    message = ExportTraceServiceRequest()
    made = message.resource_spans.add().scope_spans.add().spans
    for number in range(spans):
        made.add(trace_id=b"t" * 16, span_id=b"s" * 7 + bytes([number + 1]), name="n")
    return message.SerializeToString()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ledger")
    store = Store.open(directory)
    store.intake.submit("spans", trace(3)).result()
    store.close()
    return directory


def test_an_answer_comes_as_arrow_rows_and_tuples(filled: Path) -> None:
    answer = Ledger(filled).sql("SELECT name, count(*) AS n FROM spans GROUP BY name")
    assert answer.columns == ["name", "n"]
    assert answer.arrow().to_pydict() == {"name": ["n"], "n": [3]}
    assert answer.rows() == [{"name": "n", "n": 3}]
    assert answer.fetchall() == [("n", 3)]


def test_values_are_plain_python(filled: Path) -> None:
    answer = Ledger(filled).sql(
        "SELECT sum(2) AS huge, map {'a': 1::HUGEINT, 'b': NULL} AS m,"
        " [{'x': map {'k': 'v'}}] AS nested, NULL::MAP(VARCHAR, VARCHAR) AS nothing"
    )
    assert answer.fetchall() == [(2, {"a": 1, "b": None}, [{"x": {"k": "v"}}], None)]


def test_parameters_are_bound_not_pasted(filled: Path) -> None:
    ledger = Ledger(filled)
    assert ledger.sql("SELECT $a AS a", {"a": "it's"}).fetchall() == [("it's",)]
    assert ledger.sql("SELECT ? + 1", [41]).fetchall() == [(42,)]


def test_several_statements_answer_with_the_last(filled: Path) -> None:
    answer = Ledger(filled).sql("SET VARIABLE x = 4; SELECT getvariable('x') AS x")
    assert answer.fetchall() == [(4,)]


def test_a_text_without_rows_answers_with_none(filled: Path) -> None:
    assert Ledger(filled).sql("-- nothing").fetchall() == []


def test_python_variables_are_no_tables(filled: Path) -> None:
    text = "SELECT * FROM text"
    with pytest.raises(UsageError, match="Table with name text does not exist"):
        Ledger(filled).sql(text)


def test_failures_while_running_are_one_line(filled: Path) -> None:
    with pytest.raises(LedgerError, match="Conversion Error") as caught:
        Ledger(filled).sql("SELECT 'x'::INTEGER")
    assert "\n" not in str(caught.value)


def test_nothing_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no ledger in .*spanledger serve"):
        Ledger(tmp_path)


def test_a_missing_file_is_made_again_by_the_first_question(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    (copy / "ledger.duckdb").unlink()
    assert Ledger(copy).count() == Ledger(filled).count()


def test_a_damaged_file_is_told(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    ledger = Ledger(copy)
    (copy / "ledger.duckdb").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match=r"damaged.*spanledger rebuild"):
        ledger.sql("SELECT 1")


def test_a_directory_that_was_moved_is_read_where_it_is(filled: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(filled, moved)
    assert Ledger(moved).sql("SELECT count(*) FROM spans").fetchall() == [(3,)]
    shutil.rmtree(moved / "segments")
    with pytest.raises(LedgerError):
        Ledger(moved).sql("SELECT count(*) FROM spans")


def test_a_writer_elsewhere_is_waited_for_and_then_named(filled: Path) -> None:
    ledger, patient = Ledger(filled, patience_s=0.2), Ledger(filled)
    path = filled / "ledger.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreError, match=rf"held for writing by process {holder.pid} "):
            ledger.sql("SELECT 1")
        threading.Timer(0.3, holder.stdin.close).start()
        assert patient.sql("SELECT 1").fetchall() == [(1,)]


def test_a_writer_in_this_process_is_waited_for_too(filled: Path) -> None:
    ledger = Ledger(filled)
    writer = duckdb.connect(str(filled / "ledger.duckdb"))
    threading.Timer(0.2, writer.close).start()
    assert ledger.sql("SELECT 1").fetchall() == [(1,)]


def test_nothing_stays_open_between_questions(filled: Path) -> None:
    ledger = Ledger(filled)
    ledger.sql("SELECT 1")
    duckdb.connect(str(filled / "ledger.duckdb")).close()


def test_a_file_with_a_wrong_checksum_is_damaged_too(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    ledger = Ledger(copy)
    with (copy / "ledger.duckdb").open("r+b") as file:
        file.seek(12)
        file.write((99).to_bytes(8, "little"))
    with pytest.raises(StoreError, match=r"damaged.*spanledger rebuild"):
        ledger.sql("SELECT 1")


def test_a_query_is_found_by_name_or_not(filled: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no query 'x'"):
        Ledger(filled).query("x")


def test_readers_and_a_writer_get_along(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    ledger, store = Ledger(copy), Store.open(copy)
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert ledger.sql("SELECT count(*) FROM spans").fetchall() == [(3,)]
    finally:
        store.close()
