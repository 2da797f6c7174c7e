"""Measure what a span costs the server, from gRPC to published, and how fast it can go.

    python tests/benchmarks/ingest.py [--spans 400000] [--per-request 512] [--clients 4]

The client process holds ready-made requests, so that on two cores it takes little from the server.
Two yardsticks are measured in the same run: protobuf's parse, and a gRPC server that does nothing.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from serving import Server, bare, cpu_s, machine, served
from workload import requests

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def send(target: str, batch: Sequence[bytes], latencies: list[float]) -> None:
    with grpc.insecure_channel(target, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        export: Callable[..., bytes] = channel.unary_unary(METHOD)
        for payload in batch:
            started = time.perf_counter()
            export(payload, timeout=60)
            latencies.append(time.perf_counter() - started)


def run(target: str, payloads: Sequence[bytes], clients: int) -> list[float]:
    latencies: list[float] = []
    threads = [
        threading.Thread(target=send, args=(target, payloads[n::clients], latencies))
        for n in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(latencies)


def wait_until_published(server: Server, spans: int) -> None:
    while True:
        with urllib.request.urlopen(f"{server.ui}/api/status") as answer:
            if json.load(answer)["published"] >= spans:
                return
        time.sleep(0.05)


def yardstick_us(payloads: Sequence[bytes], spans: int) -> float:
    """What protobuf's own parser takes for the same bytes, here and now: 1 us when quiet."""
    started = time.process_time()
    for payload in payloads:
        ExportTraceServiceRequest.FromString(payload)
    return (time.process_time() - started) / spans * 1e6


def grpc_alone(payloads: Sequence[bytes], clients: int) -> tuple[float, float]:
    """Requests a second, and microseconds of CPU each, of a server that does nothing."""
    with bare() as (pid, target):
        run(target, payloads[:100], clients)
        cpu, started = cpu_s(pid), time.perf_counter()
        run(target, payloads, clients)
        took = time.perf_counter() - started
        return len(payloads) / took, (cpu_s(pid) - cpu) / len(payloads) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=400_000)
    parser.add_argument("--per-request", type=int, default=512)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--warm", type=int, default=20_000)
    args = parser.parse_args()
    warm = list(requests(args.warm, per_request=args.per_request, seed=2))
    payloads = list(requests(args.spans, per_request=args.per_request))
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        run(server.grpc, warm, args.clients)
        wait_until_published(server, args.warm)
        cpu, started = server.cpu_s(), time.perf_counter()
        latencies = run(server.grpc, payloads, args.clients)
        acknowledged = time.perf_counter() - started
        wait_until_published(server, args.warm + args.spans)
        cpu = server.cpu_s() - cpu
        with duckdb.connect(f"{folder}/ledger.duckdb", read_only=True) as ledger:
            (count,) = ledger.sql("SELECT count(*) FROM spans").fetchall()[0]
        if count != args.spans + args.warm:
            sys.exit(f"{count} spans in the ledger, not {args.spans + args.warm}")
        print(f"machine             {machine()}")
        print(f"server CPU          {cpu / args.spans * 1e6:.1f} us a span")
        print(f"protobuf parse      {yardstick_us(payloads, args.spans):.2f} us a span")
        alone, alone_us = grpc_alone(payloads, args.clients)
        print(f"server CPU          {cpu / len(payloads) * 1e6:.0f} us a request")
        print(f"gRPC alone          {alone_us:.0f} us a request, {alone:,.0f} requests/s")
        print(f"acknowledged        {args.spans / acknowledged:,.0f} spans/s")
        print(f"acknowledged        {len(payloads) / acknowledged:,.0f} requests/s")
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            print(f"acknowledged {name}    {latencies[int(len(latencies) * part)] * 1e3:.1f} ms")
        print(f"peak RSS            {server.peak_mib()} MiB")


if __name__ == "__main__":
    main()
