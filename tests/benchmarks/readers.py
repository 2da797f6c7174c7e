"""Measure how long acknowledgements take with nobody reading, and with busy readers beside.

    python tests/benchmarks/readers.py [--rate 2500] [--seconds 20] [--spans 200000]

A client sends OTLP at a steady rate, on time whether or not the last answer is there. The readers
are a process of their own: one asks over Jaeger's gRPC, one over Flight SQL, each again at once.
"""

import argparse
import itertools
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path

import grpc
import pyarrow.flight as pf
from ingest import METHOD, run, wait_until_published
from serving import Server, machine, served
from viewing import caller
from workload import requests

from spanledger_exporters.viewing.flight_words import pack

SIZE = 64
"""Spans a request: what an SDK's batch has within a second or so."""
QUESTIONS = (
    "SELECT name, count(*), avg(duration_ms) FROM spans GROUP BY ALL",
    "SELECT model, sum(input_tokens), sum(cost_usd) FROM llm_calls GROUP BY ALL",
    "SELECT status, count(*) FROM plans GROUP BY ALL",
)


def ask_jaeger(target: str, stop: Event, asked: list[float]) -> None:
    searches = itertools.cycle([{"user.id": "nobody"}, {}, {"user.id": "user-3"}])
    with grpc.insecure_channel(target) as channel:
        summaries, traces = (caller(channel, f"FindTrace{name}") for name in ("Summaries", "s"))
        while not stop.is_set():
            sent = [
                {"key": key, "value": {"string_value": value}}
                for key, value in next(searches).items()
            ]
            query = {"service_name": "fixer", "attributes": sent, "search_depth": 20}
            for call in (summaries, traces):
                started = time.monotonic()
                call(query=query)
                asked.append(time.monotonic() - started)


def ask_flight(target: str, stop: Event, asked: list[float]) -> None:
    with pf.connect(f"grpc://{target}") as client:
        for text in itertools.cycle(QUESTIONS):
            if stop.is_set():
                return
            started = time.monotonic()
            command = pf.FlightDescriptor.for_command(pack("CommandStatementQuery", query=text))
            (endpoint,) = client.get_flight_info(command).endpoints
            client.do_get(endpoint.ticket).read_all()
            asked.append(time.monotonic() - started)


def read(jaeger: str, flight: str, stop: Event) -> None:
    readers = {"Jaeger": (ask_jaeger, jaeger), "Flight SQL": (ask_flight, flight)}
    asked: dict[str, list[float]] = {name: [] for name in readers}
    with ThreadPoolExecutor() as threads:
        done = [threads.submit(ask, at, stop, asked[n]) for n, (ask, at) in readers.items()]
        for each in done:
            each.result()
    for name, took in asked.items():
        show(f"  answers over {name}", took)


def steadily(target: str, payloads: Sequence[bytes], rate: float) -> list[float]:
    """Seconds from when each request was due to its acknowledgement."""
    took: list[float] = []
    start, turns = time.monotonic() + 0.1, iter(range(len(payloads)))

    def one_after_another(export: Callable[..., bytes]) -> None:
        for turn in turns:
            due = start + turn * SIZE / rate
            time.sleep(max(0.0, due - time.monotonic()))
            export(payloads[turn], timeout=60)
            took.append(time.monotonic() - due)

    with grpc.insecure_channel(target) as channel:
        export: Callable[..., bytes] = channel.unary_unary(METHOD)
        senders = [threading.Thread(target=one_after_another, args=(export,)) for _ in range(16)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    return took


def show(name: str, took: Iterable[float]) -> None:
    ordered = sorted(took)
    if not ordered:
        print(f"{name:34} none")
        return
    points = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    facts = [
        f"{point} {ordered[int(len(ordered) * at)] * 1e3:7.1f} ms" for point, at in points.items()
    ]
    print(
        f"{name:34} {len(ordered):6,}  {'  '.join(facts)}  most {ordered[-1] * 1e3:7.1f} ms",
        flush=True,
    )


def phases(server: Server, rate: float, seconds: float) -> None:
    assert server.flight is not None
    for number, beside in enumerate((False, True, False, True)):
        stop = multiprocessing.Event()
        reader = multiprocessing.Process(target=read, args=(server.jaeger, server.flight, stop))
        if beside:
            reader.start()
            time.sleep(2)
        cpu = server.cpu_s()
        spans = int(rate * seconds)
        took = steadily(server.grpc, list(requests(spans, per_request=SIZE, seed=number + 3)), rate)
        used = (server.cpu_s() - cpu) / seconds
        words = "readers beside" if beside else "nobody reads"
        show(f"acknowledged, {words}", took)
        print(f"  server: {used:.2f} cores, machine: load {os.getloadavg()[0]:.1f}")
        if beside:
            stop.set()
            reader.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=2_500, help="spans a second")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--spans", type=int, default=200_000, help="in the ledger before")
    args = parser.parse_args()
    print(f"machine: {machine()}, {args.rate:g} spans/s in requests of {SIZE}")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), "--flight-port=0") as server:
        run(server.grpc, list(requests(args.spans, seed=2)), 2)
        wait_until_published(server, args.spans)
        phases(server, args.rate, args.seconds)


if __name__ == "__main__":
    multiprocessing.set_start_method("spawn")
    main()
