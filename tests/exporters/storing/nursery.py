"""Start processes quickly: all is imported already, a line on standard input forks one.

A line is a job and its arguments. The nursery answers with the child's process id, the child with
what it has to say; `failed …` is its exception.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Tracer

from spanledger_exporters.receiving.grpc_server import serve_grpc
from spanledger_exporters.sdk import LedgerSpanExporter
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.store import Store, StoreOptions

sys.path.insert(0, str(Path(__file__).parents[2]))
from exporters.storing.parts import spans

BUSY = StoreOptions(seal_bytes=20_000, seal_age_s=0.05, min_free_bytes=0, merging=Merging(many=4))
"""Seals, publishes and merges all the time."""


def collector(root: str, port: str) -> None:
    """Receive until killed; who is ready is said, for one that was killed may be heard late."""
    store = Store.open(Path(root), BUSY)
    serve_grpc(store.intake, "127.0.0.1", int(port), 64 << 20)
    say(f"ready {os.getpid()}")
    threading.Event().wait()


def beside(root: str) -> None:
    """A store that publishes what others write, until it is told to stop."""
    store = Store.open(Path(root), BUSY)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    say("ready")
    stop.wait()
    store.close()


def agent(root: str, number: str, spans_each: str) -> None:
    """An agent with the SDK's exporter, and a forked child that goes on and leaves abruptly."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(LedgerSpanExporter(root)))
    tracer = provider.get_tracer("agent")
    for place in range(int(spans_each)):
        tracer.start_span(f"parent-{number}-{place}").end()
    child = multiprocessing.get_context("fork").Process(
        target=_leave_abruptly, args=(tracer, number, int(spans_each))
    )
    child.start()
    for place in range(int(spans_each)):
        tracer.start_span(f"after-{number}-{place}").end()
    child.join()
    provider.shutdown()
    say(f"done {child.exitcode}")


def _leave_abruptly(tracer: Tracer, number: str, spans_each: int) -> None:
    for place in range(spans_each):
        tracer.start_span(f"child-{number}-{place}").end()
    os._exit(7)


def writer(root: str, spans_a_second: str) -> None:
    """Write at a steady pace; whoever connects is told how many are acknowledged and sent."""
    store = Store.open(Path(root), StoreOptions(seal_age_s=0.1, merging=Merging(many=4)))
    counts = [0, 0]
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_tell, args=(server, counts), daemon=True).start()
    say(f"port {server.getsockname()[1]}")
    batch = 50
    next_at = time.monotonic()
    while True:
        numbers = range(counts[1] + 1, counts[1] + batch + 1)
        counts[1] += batch
        store.intake.submit("spans", spans(*numbers)).result(60)
        counts[0] += batch
        next_at += batch / float(spans_a_second)
        time.sleep(max(0.0, next_at - time.monotonic()))


def _tell(server: socket.socket, counts: list[int]) -> None:
    def serve(connection: socket.socket) -> None:
        with connection:
            while connection.recv(1):
                connection.sendall(f"{counts[0]} {counts[1]}\n".encode())

    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


JOBS: dict[str, Callable[..., None]] = {
    "collector": collector,
    "beside": beside,
    "agent": agent,
    "writer": writer,
}


def say(text: str) -> None:
    """One write, so that lines of several children stay whole."""
    os.write(1, f"{text}\n".encode())


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        job, *arguments = line.split()
        child = os.fork()
        if not child:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                JOBS[job](*arguments)
            except BaseException as error:  # noqa: BLE001 - the test is told
                say(f"failed {error!r}")
            os._exit(0)
        say(f"pid {child}")


if __name__ == "__main__":
    say("open")
    main()
