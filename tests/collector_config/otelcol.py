"""Run the real Collector with the files we ship, and send to it."""

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Self

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

CONFIGS = Path(__file__).parents[2] / "collector-config"
EXPORT = {
    ExportTraceServiceRequest: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    ExportLogsServiceRequest: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
Exported = ExportTraceServiceRequest | ExportLogsServiceRequest


def binary() -> str:
    """The Collector: $OTELCOL, what `.ci/collector` built, or one on the PATH; else skip."""
    manifest = (CONFIGS / "builder.yaml").read_bytes()
    version = manifest.partition(b"  version: ")[2].partition(b"\n")[0].decode()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    key = hashlib.sha256(manifest).hexdigest()[:12]
    built = cache / "spanledger-tests" / f"otelcol-{version}-{key}" / "otelcol-spanledger"
    found = os.environ.get("OTELCOL") or (str(built) if built.exists() else None)
    found = found or shutil.which("otelcol-contrib")
    if not found:
        pytest.skip("no Collector: `.ci/collector` builds one with Go, or name one in $OTELCOL")
    return found


def free_ports(count: int) -> list[int]:
    """Ports nobody has now; only for programs that cannot choose one themselves."""
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [int(sock.getsockname()[1]) for sock in sockets]


@contextlib.contextmanager
def running(config: str, folder: Path, **variables: str) -> Generator[str]:
    """The Collector with one of our files; gives its OTLP gRPC address."""
    grpc_port, http_port, health = free_ports(3)
    environment = {
        "COLLECTOR_GRPC": f"127.0.0.1:{grpc_port}",
        "COLLECTOR_HTTP": f"127.0.0.1:{http_port}",
        "COLLECTOR_HEALTH": f"127.0.0.1:{health}",
        "COLLECTOR_QUEUE": str(folder / "queue"),
        **variables,
    }
    log = folder / "collector.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [binary(), "--config", str(CONFIGS / config)],
            env={**os.environ, **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            address = f"127.0.0.1:{grpc_port}"
            ready = "Everything is ready"
            until(lambda: ready in log.read_text() or process.poll() is not None, "a start")
            assert process.poll() is None, log.read_text()[-2000:]
            yield address
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


class Server:
    """`spanledger serve` as a process of its own, which can be killed and started again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        (self._port,) = free_ports(1)
        self.grpc = f"127.0.0.1:{self._port}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "spanledger", "serve", "--data", str(self.data)]
        ports = ["--grpc-port", str(self._port), "--http-port", "0", "--ui-port", "0"]
        self._process = subprocess.Popen(
            [*command, *ports, "--jaeger-port", "off"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("{")

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(number)
        self._process.wait(60)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def send(address: str, requests: Iterable[Exported]) -> None:
    """Each request after the one before was acknowledged."""
    with grpc.insecure_channel(address) as channel:
        for request in requests:
            call: Callable[..., object] = channel.unary_unary(EXPORT[type(request)])
            call(request.SerializeToString(), timeout=60, wait_for_ready=True)


def spans(first: int, count: int, text: str = "") -> ExportTraceServiceRequest:
    """Spans numbered in their ids and names, each in a trace of its own."""
    request = ExportTraceServiceRequest()
    into = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns()
    for number in range(first, first + count):
        span = into.add(name=f"n{number}", start_time_unix_nano=now, end_time_unix_nano=now + 1000)
        span.trace_id = hashlib.md5(str(number).encode(), usedforsecurity=False).digest()
        span.span_id = (number + 1).to_bytes(8, "big")  # all zero is no id
        span.attributes.add(key="text").value.string_value = text
    return request


def logs(first: int, count: int) -> ExportLogsServiceRequest:
    """Log records numbered in their bodies; nothing else tells them apart."""
    request = ExportLogsServiceRequest()
    into = request.resource_logs.add().scope_logs.add().log_records
    for number in range(first, first + count):
        into.add(time_unix_nano=time.time_ns()).body.string_value = f"n{number}"
    return request


def until(holds: Callable[[], bool], what: str, seconds: float = 45) -> None:
    """Wait for it to hold."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"no {what} in {seconds:g} s"
        time.sleep(0.2)
