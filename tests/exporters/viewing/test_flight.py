"""The drivers that people use get answers over Flight SQL, and get at nothing else."""

import threading
import time
from collections.abc import Generator
from pathlib import Path

import adbc_driver_flightsql
import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as pf
import pytest
from adbc_driver_flightsql import dbapi

from spanledger_exporters.demo import run_agent
from spanledger_exporters.errors import UsageError
from spanledger_exporters.serving import Collector, collector
from spanledger_exporters.settings import load
from spanledger_exporters.viewing.asking import Bounds
from spanledger_exporters.viewing.flight import FlightServer, serve_flight
from spanledger_exporters.viewing.flight_words import pack

TOKEN = "a-token"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Collector]:
    """A server that receives and is asked at the same time."""
    data = tmp_path_factory.mktemp("ledger")
    ports = {"grpc_port": 0, "http_port": 0, "ui_port": 0, "jaeger_port": "off", "flight_port": 0}
    with collector(load(data=data, flight_token=TOKEN, **ports)) as started:
        run_agent(started.grpc, "r")
        assert started.store.publish(wait_s=30)
        yield started


@pytest.fixture(scope="module")
def impatient(running: Collector) -> Generator[FlightServer]:
    """No token, little time, few rows."""
    bounds = Bounds(seconds=1.0, rows=1000, size=1 << 20)
    server = serve_flight(running.data, "127.0.0.1", 0, None, bounds)
    yield server
    server.stop()


def connected(where: str, token: str | None = TOKEN) -> dbapi.Connection:
    header = adbc_driver_flightsql.DatabaseOptions.AUTHORIZATION_HEADER.value
    options = {header: f"Bearer {token}"} if token else {}
    return dbapi.connect(f"grpc://{where}", db_kwargs=options, autocommit=True)


def answer(running: Collector, sql: str) -> pa.Table:
    assert running.flight is not None
    with connected(running.flight) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetch_arrow_table()


def asked_by_grafana(where: str, sql: str, token: str | None = None) -> pa.Table:
    """What its InfluxDB data source calls: GetFlightInfo, then DoGet of the one ticket."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    options = pf.FlightCallOptions(headers=headers, timeout=60)
    command = pf.FlightDescriptor.for_command(pack("CommandStatementQuery", query=sql))
    with pf.connect(f"grpc://{where}") as client:
        (endpoint,) = client.get_flight_info(command, options).endpoints
        return client.do_get(endpoint.ticket, options).read_all()


def test_grafanas_health_check_is_answered(running: Collector) -> None:
    assert running.flight is not None
    table = asked_by_grafana(running.flight, "select 1", TOKEN)
    assert table.to_pylist() == [{"1": 1}]


def test_the_views_are_there_while_records_come_in(running: Collector) -> None:
    rows = answer(running, "SELECT status, steps_done FROM plans").to_pylist()
    assert rows == [{"status": "completed", "steps_done": 4.0}]


def test_types_are_those_that_grafana_shows(running: Collector) -> None:
    table = answer(running, "SELECT at, sum(1) OVER () AS total, attributes FROM logs LIMIT 1")
    assert table.schema.types == [pa.timestamp("ns"), pa.float64(), pa.string()]


def test_a_driver_can_look_around(running: Collector) -> None:
    assert running.flight is not None
    with connected(running.flight) as connection:
        assert connection.adbc_get_info()["vendor_name"] == "spanledger"
        assert connection.adbc_get_table_types() == ["VIEW"]
        everything = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
        (schema,) = everything[0]["catalog_db_schemas"]
        tables = {table["table_name"] for table in schema["db_schema_tables"]}
        assert {"spans", "plans", "plan_steps"} <= tables
        assert "duration_ms" in connection.adbc_get_table_schema("spans").names


@pytest.mark.parametrize("token", [None, "another"])
def test_without_the_token_nothing_is_answered(running: Collector, token: str | None) -> None:
    assert running.flight is not None
    with (
        connected(running.flight, token) as connection,
        connection.cursor() as cursor,
        pytest.raises(adbc_driver_manager.ProgrammingError, match="UNAUTHENTICATED"),
    ):
        cursor.execute("SELECT 1")


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_text('/etc/passwd')",
        "FROM '/etc/passwd.csv'",
        "FROM glob('/etc/*')",
        "FROM read_text('{data}/server.lock')",
        "FROM read_text('{data}/segments/../server.lock')",
        "FROM read_blob('{data}/deadletter/*')",
    ],
)
def test_other_files_than_the_ledgers_cannot_be_read(running: Collector, sql: str) -> None:
    with pytest.raises(adbc_driver_manager.Error, match="disabled by configuration"):
        answer(running, sql.format(data=running.data))


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{data}/segments/spans/x.parquet'",
        "SET enable_external_access = true",
        "ATTACH '{data}/other.duckdb'",
        "INSTALL httpfs",
        "CREATE TABLE t AS SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1; SELECT 2",
        "-- nothing",
    ],
)
def test_only_one_select_is_answered(running: Collector, sql: str) -> None:
    with pytest.raises(adbc_driver_manager.Error, match="only one SELECT"):
        answer(running, sql.format(data=running.data))


def test_errors_are_one_line_without_a_stack_trace(running: Collector) -> None:
    with pytest.raises(adbc_driver_manager.Error, match="does not exist") as caught:
        answer(running, "SELECT * FROM nowhere")
    assert "Traceback" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_that_takes_too_long_is_ended(impatient: FlightServer) -> None:
    begun = time.monotonic()
    sql = "SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b"
    with pytest.raises(pf.FlightTimedOutError, match="longer than 1 s"):
        asked_by_grafana(f"127.0.0.1:{impatient.port}", sql)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "sql", ["FROM range(1001)", "SELECT repeat('x', 100000) AS x FROM range(100)"]
)
def test_an_answer_that_is_too_large_is_refused_whole(impatient: FlightServer, sql: str) -> None:
    with pytest.raises(pf.FlightServerError, match="1,000 rows or 1 MiB"):
        asked_by_grafana(f"127.0.0.1:{impatient.port}", sql)


def test_many_may_ask_while_records_come_in(running: Collector) -> None:
    count = "SELECT count(*) AS n FROM spans"
    (before,) = answer(running, count).to_pylist()
    failures: list[str] = []

    def ask_again() -> None:
        try:
            for _ in range(5):
                answer(running, count)
        except adbc_driver_manager.Error as error:
            failures.append(str(error))

    threads = [threading.Thread(target=ask_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    run_agent(running.grpc, "second")
    for thread in threads:
        thread.join()
    assert failures == []
    (after,) = answer(running, count).to_pylist()
    assert after["n"] > before["n"]


@pytest.mark.parametrize("data", [b"", b"\xff\xff", pack("TicketStatementQuery")[:20]])
def test_what_is_not_flight_sql_is_refused(impatient: FlightServer, data: bytes) -> None:
    with (
        pf.connect(f"grpc://127.0.0.1:{impatient.port}") as client,
        pytest.raises(pf.FlightServerError, match=r"Flight SQL|not answered|only one SELECT"),
    ):
        client.do_get(pf.Ticket(data))


def test_a_taken_port_is_named(impatient: FlightServer, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"127.0.0.1:{impatient.port} is in use"):
        serve_flight(tmp_path, "127.0.0.1", impatient.port, None)
