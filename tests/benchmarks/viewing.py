"""Time what Jaeger asks: one large trace, and searches over a large ledger, through gRPC.

    python tests/benchmarks/viewing.py [--spans 2000000] [--data DIR]

DIR is made as by `queries.py` and only read. The median of five is quoted, after one to warm up;
the CPU is that of server and client together.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import machine
from workload import requests

from queries import fill
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing import jaeger_proto as proto
from spanledger_exporters.viewing.jaeger_grpc import serve_jaeger
from spanledger_exporters.viewing.trace_reader import TraceReader

LARGE = 10_000
ONE_TRACE = bytes(range(16))

SEARCHES = {
    "service": {},
    "service, attribute of 1 in 31 spans": {"user.id": "user-3"},
    "service, attribute of one span": {"gen_ai.tool.call.id": ""},
    "service, value nobody has, promoted key": {"gen_ai.tool.name": "nobody"},
    "service, value nobody has, other key": {"user.id": "nobody"},
    "service, value that only other keys have": {"user.id": "200"},
    "service, key nobody has": {"no.such.key": "x"},
    "service, error": {"error": "true"},
}


def large_trace(folder: Path) -> None:
    store = Store.open(folder, StoreOptions(durability="write"))
    for payload in requests(LARGE):
        request = ExportTraceServiceRequest.FromString(payload)
        for span in request.resource_spans[0].scope_spans[0].spans:
            span.trace_id = ONE_TRACE
        store.intake.submit("spans", request.SerializeToString()).result()
    store.close()


def measure(name: str, ask: Callable[[], int]) -> None:
    ask()
    runs: list[tuple[float, float]] = []
    size = 0
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        size = ask()
        runs.append((time.perf_counter() - wall, time.process_time() - cpu))
    wall, cpu = (statistics.median(column) * 1e3 for column in zip(*runs, strict=True))
    print(f"{name:68} {wall:7.0f} ms {cpu:7.0f} ms CPU {size:10,}")


def caller(channel: grpc.Channel, name: str) -> Callable[..., list[bytes]]:
    method: Any = channel.unary_stream(f"/{proto.PACKAGE}.TraceReader/{name}")
    return lambda **fields: list(method(proto.new(f"{name}Request", **fields).SerializeToString()))


def one_trace(folder: Path) -> None:
    large_trace(folder)
    server = serve_jaeger(TraceReader(folder), "127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        get = caller(channel, "GetTraces")
        measure(
            f"GetTraces, {LARGE:,} spans (bytes)",
            lambda: sum(map(len, get(query=[{"trace_id": ONE_TRACE}]))),
        )
    server.stop()


def searches(data: Path) -> None:
    server = serve_jaeger(TraceReader(data), "127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        summaries = caller(channel, "FindTraceSummaries")
        call_id = rare(data)
        for name, attributes in SEARCHES.items():
            sent = [
                {"key": key, "value": {"string_value": value or call_id}}
                for key, value in attributes.items()
            ]
            query = {"service_name": "fixer", "attributes": sent, "search_depth": 20}

            def ask(query: dict[str, object] = query) -> int:
                found = summaries(query=query)
                parsed = (proto.parse("FindTraceSummariesResponse", each) for each in found)
                return sum(len(each.summaries) for each in parsed)

            measure(f"FindTraceSummaries, {name} (traces)", ask)
    server.stop()


def rare(data: Path) -> str:
    with duckdb.connect(str(data / "ledger.duckdb"), read_only=True) as ledger:
        found = ledger.sql("SELECT tool_call_id FROM spans WHERE tool_call_id IS NOT NULL LIMIT 1")
        return str(found.fetchall()[0][0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=2_000_000)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"machine: {machine()}, DuckDB {duckdb.__version__}")
        one_trace(Path(folder) / "trace")
        data = args.data or Path(folder) / "many"
        if not (data / "ledger.duckdb").exists():
            fill(data, args.spans)
        searches(data)


if __name__ == "__main__":
    main()
