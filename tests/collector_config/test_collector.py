"""The real Collector takes the files we ship, and between it and us nothing is lost or doubled."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from spanledger_exporters.demo import run_agent
from spanledger_exporters.errors import NotFoundError
from spanledger_exporters.reading.ledger import Ledger

from .otelcol import CONFIGS, Server, binary, logs, running, send, spans, until

pytestmark = pytest.mark.slow
OURS = sorted(
    path.name for path in CONFIGS.glob("*.yaml") if path.name not in {"builder.yaml", "jaeger.yaml"}
)


COUNTS = "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM logs)"


def counted(data: Path, sql: str) -> tuple[int, ...]:
    try:
        return tuple(int(value or 0) for value in Ledger(data).sql(sql).fetchall()[0])
    except NotFoundError:
        return ()


def arrived(data: Path, span_count: int, log_count: int = 0) -> bool:
    return counted(data, COUNTS) >= (span_count, log_count)


@pytest.mark.parametrize("name", OURS)
def test_the_collector_finds_nothing_wrong_with_a_file(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [binary(), "validate", "--config", str(CONFIGS / name)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_place_of_a_file_can_be_said_in_the_environment() -> None:
    for name in OURS:
        text = (CONFIGS / name).read_text()
        for address in re.findall(r"^[^#\n]*?(\S*(?:127\.0\.0\.1|\./)\S*)", text, re.MULTILINE):
            assert "${env:" in address, f"{name}: {address}"


def test_nothing_is_lost_or_doubled_when_the_receiver_is_killed_under_load(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    batches, size = 300, 100
    with server, running("agent-laptop.yaml", tmp_path, SPANLEDGER_ENDPOINT=server.grpc) as door:
        both = [r for n in range(batches) for r in (spans(n * size, size), logs(n * size, size))]
        load = Thread(target=send, args=(door, both))
        load.start()
        for _ in range(4):
            time.sleep(0.7)
            server.end(signal.SIGKILL)
            time.sleep(0.5)
            server.start()
        load.join()
        until(lambda: arrived(server.data, batches * size, batches * size), "delivery", 120)
    found = counted(
        server.data,
        "SELECT (SELECT count(*) FROM spans), (SELECT count(DISTINCT span_id) FROM spans),"
        " (SELECT count(*) FROM logs), (SELECT count(DISTINCT body) FROM logs)",
    )
    assert found == (batches * size,) * 4


def test_the_gateway_masks_secrets_and_leaves_what_costs_are_counted_from(tmp_path: Path) -> None:
    request = spans(0, 1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    secrets = {"db.password": "hunter2", "note": f"use sk-{'a' * 24} now", "access_token": "x"}
    for key, text in secrets.items():
        span.attributes.add(key=key).value.string_value = text
    span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 12
    span.attributes.add(key="gen_ai.usage.output_tokens").value.int_value = 34
    with (
        Server(tmp_path / "data") as server,
        running("gateway.yaml", tmp_path, SPANLEDGER_ENDPOINT=server.grpc) as door,
    ):
        send(door, [request])
        until(lambda: arrived(server.data, 1), "delivery")
    (row,) = Ledger(server.data).sql("FROM spans").rows()
    assert (row["input_tokens"], row["output_tokens"]) == (12, 34)
    assert row["attributes"]["db.password"] == "****"
    assert row["attributes"]["access_token"] == "****"
    assert row["attributes"]["note"] == "use **** now"


def test_the_tee_samples_what_jaeger_gets_and_not_what_the_ledger_gets(tmp_path: Path) -> None:
    request = spans(0, 500)
    failed = request.resource_spans[0].scope_spans[0].spans[7]
    failed.status.code = Status.STATUS_CODE_ERROR
    with (
        Server(tmp_path / "data") as server,
        Server(tmp_path / "jaeger") as jaeger,
        running(
            "tee-jaeger.yaml",
            tmp_path,
            SPANLEDGER_ENDPOINT=server.grpc,
            JAEGER_ENDPOINT=jaeger.grpc,
            COLLECTOR_DECISION_WAIT="1s",
        ) as door,
    ):
        send(door, [request])
        until(lambda: arrived(server.data, 500), "delivery")
        until(lambda: arrived(jaeger.data, 1), "sample")
    total, errors = counted(jaeger.data, "SELECT count(*), count_if(status_code = 2) FROM spans")
    assert (errors, 1 <= total < 250) == (1, True)


def test_a_growing_and_rotating_file_is_followed(tmp_path: Path) -> None:
    file, data = tmp_path / "out" / "agents.jsonl", tmp_path / "data"
    file.parent.mkdir()
    # 40 requests of 100 KiB in files of 1 MiB: rotated about four times.
    with running(
        "file-export.yaml", tmp_path, COLLECTOR_FILE=str(file), COLLECTOR_FILE_MB="1"
    ) as door:
        command = [sys.executable, "-m", "spanledger", "import", "--follow", str(file)]
        with subprocess.Popen(
            [*command, "--data", str(data)], stderr=subprocess.PIPE, text=True
        ) as following:
            try:
                pairs = ((spans(n * 100, 100, "x" * 1000), logs(n, 1)) for n in range(40))
                send(door, (request for pair in pairs for request in pair))
                until(lambda: arrived(data, 4000, 40), "delivery")
            finally:
                following.terminate()
            _, told = following.communicate(timeout=60)
    assert following.returncode == 0
    assert len(list(file.parent.iterdir())) > 3
    assert "4,000 spans, 40 logs" in told
    assert counted(data, "SELECT count(*), count(DISTINCT span_id) FROM spans") == (4000, 4000)
    assert counted(data, "SELECT count(*) FROM logs") == (40,)


def test_a_trace_goes_to_one_of_the_gateways(tmp_path: Path) -> None:
    request = spans(0, 200)
    for other in request.resource_spans[0].scope_spans[0].spans[:100]:
        request.resource_spans[0].scope_spans[0].spans.add().CopyFrom(other)
        request.resource_spans[0].scope_spans[0].spans[-1].span_id = os.urandom(8)
    with (
        Server(tmp_path / "one") as one,
        Server(tmp_path / "two") as two,
        running("load-balancing.yaml", tmp_path, GATEWAY_1=one.grpc, GATEWAY_2=two.grpc) as door,
    ):
        send(door, [request])
        sql = "SELECT count(*) FROM spans"
        until(
            lambda: sum(sum(counted(server.data, sql)) for server in (one, two)) == 300, "delivery"
        )
    traces = [
        {row[0] for row in Ledger(server.data).sql("SELECT trace_id FROM spans").fetchall()}
        for server in (one, two)
    ]
    assert all(traces)
    assert not traces[0] & traces[1]


def test_the_collector_reads_an_export_back(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        run_agent(server.grpc, "r")
    out = tmp_path / "export"
    command = [sys.executable, "-m", "spanledger", "export", "otlp", "--out", str(out)]
    subprocess.run([*command, "--data", str(server.data)], check=True, capture_output=True)
    wanted = counted(
        server.data, "SELECT (SELECT count(*) FROM spans), (SELECT count(*) FROM logs)"
    )
    with Server(tmp_path / "copy") as copy:
        variables = {"EXPORT_DIR": str(out), "TARGET_ENDPOINT": copy.grpc}
        with running("from-export.yaml", tmp_path, **variables):
            until(lambda: arrived(copy.data, *wanted), "delivery")
    ours = "received_ns, writer, seq"
    for signal_ in ("spans", "logs"):
        sql = f"SELECT * EXCLUDE ({ours}) FROM {signal_} ORDER BY ALL"
        first, second = (Ledger(data).sql(sql).rows() for data in (server.data, copy.data))
        assert first == second
