"""Measure how soon an acknowledged span is seen by another process, and that counts are exact.

    python tests/benchmarks/freshness.py [--rate 10000] [--seconds 30] [--readers 1]

A client sends at a steady rate; readers open ledger.duckdb again and again and count.
"""

import argparse
import bisect
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import grpc
from ingest import METHOD
from serving import machine, served
from workload import requests

Reading = tuple[float, float, int]
"""When a query began, when its answer was there, what it counted."""
SIZE = 256


def read(ledger: str, stop: Event, out: "multiprocessing.Queue[list[Reading] | str]") -> None:
    readings: list[Reading] = []
    while not stop.is_set():
        began = time.monotonic()
        try:
            with duckdb.connect(ledger, read_only=True) as connection:
                (count,) = connection.sql("SELECT count(*) FROM spans").fetchall()[0]
        except duckdb.IOException as error:
            if "lock" not in str(error):
                out.put(str(error))
                return
            time.sleep(0.005)
            continue
        readings.append((began, time.monotonic(), count))
        time.sleep(0.02)
    out.put(readings)


def send(target: str, rate: int, seconds: float) -> tuple[list[float], list[float]]:
    """When each request was sent and acknowledged; up to 16 are on their way at once."""
    payloads = list(requests(int(rate * seconds) // SIZE * SIZE, per_request=SIZE))
    start, turns = time.monotonic(), iter(range(len(payloads)))
    sent, acknowledged = [0.0] * len(payloads), [0.0] * len(payloads)

    def one_after_another(export: Callable[..., bytes]) -> None:
        for turn in turns:
            time.sleep(max(0.0, start + turn * SIZE / rate - time.monotonic()))
            sent[turn] = time.monotonic()
            export(payloads[turn], timeout=30)
            acknowledged[turn] = time.monotonic()

    with grpc.insecure_channel(target) as channel:
        clients = [
            threading.Thread(target=one_after_another, args=(channel.unary_unary(METHOD),))
            for _ in range(16)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    return sorted(sent), sorted(acknowledged)


def inexact(
    readings: list[Reading], sent: list[float], acknowledged: list[float]
) -> list[tuple[int, int, int]]:
    """Counts below what was acknowledged before, above what was sent, or of half a request.

    As (least, counted, most).
    """
    checked = (
        (bisect.bisect(acknowledged, began) * SIZE, count, bisect.bisect(sent, ended) * SIZE)
        for began, ended, count in readings
    )
    return [c for c in checked if not c[0] <= c[1] <= c[2] or c[1] % SIZE]


def delays(readings: list[Reading], acknowledged: list[float]) -> list[float]:
    """For each request, from its acknowledgement to the first answer that has it, seconds."""
    found, place = [], 0
    for number, at in enumerate(acknowledged, 1):
        while place < len(readings) and readings[place][2] < number * SIZE:
            place += 1
        if place < len(readings):
            found.append(max(0.0, readings[place][1] - at))
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--readers", type=int, default=1)
    args = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as server:
        stop, out = context.Event(), context.Queue()
        readers = [
            context.Process(target=read, args=(f"{folder}/ledger.duckdb", stop, out))
            for _ in range(args.readers)
        ]
        for reader in readers:
            reader.start()
        sent, acknowledged = send(server.grpc, args.rate, args.seconds)
        time.sleep(2)
        stop.set()
        results = [out.get(timeout=30) for _ in readers]
        for reader in readers:
            reader.join()
        cpu = server.cpu_s()
    print(f"machine            {machine()}")
    print(f"sent               {len(sent) * SIZE / (acknowledged[-1] - sent[0]):,.0f} spans/s")
    print(f"server CPU         {cpu / (len(sent) * SIZE) * 1e6:.1f} us a span, start included")
    for readings in results:
        if isinstance(readings, str):
            print(f"reader failed      {readings}")
            continue
        late = delays(readings, acknowledged)
        wrong = inexact(readings, sent, acknowledged)
        print(f"queries            {len(readings)}, {len(wrong)} inexact counts {wrong[:5] or ''}")
        for name, part in (("p50", 0.5), ("p99", 0.99)):
            print(f"visible {name}        {late[int(len(late) * part)] * 1e3:.0f} ms after the ack")


if __name__ == "__main__":
    main()
