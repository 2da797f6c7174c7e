"""Run `spanledger serve` for a benchmark and read what it costs from /proc."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, what it has used."""

    process: subprocess.Popen[str]
    grpc: str
    http: str
    ui: str
    jaeger: str
    flight: str | None

    def cpu_s(self) -> float:
        """User and system time so far."""
        return cpu_s(self.process.pid)

    def peak_mib(self) -> int:
        """The most memory it has had resident."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) >> 10


@contextlib.contextmanager
def served(data: Path, *options: str) -> Generator[Server]:
    """A server on free ports, ended by SIGTERM."""
    ports = [f"--{name}-port=0" for name in ("grpc", "http", "ui", "jaeger")]
    command = [sys.executable, "-m", "spanledger", "serve", "--data", str(data), *ports, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield Server(
            process,
            grpc=ready["grpc"],
            http=ready["http"],
            ui=ready["ui"],
            jaeger=ready["jaeger"],
            flight=ready.get("flight"),
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@contextlib.contextmanager
def bare() -> Generator[tuple[int, str]]:
    """A server that does nothing: its process id and where it listens."""
    command = [sys.executable, str(Path(__file__).with_name("bare.py"))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["grpc"]
    finally:
        process.terminate()
        process.wait(60)


def cpu_s(pid: int) -> float:
    """User and system time that a process has used, its children left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine() -> str:
    """What the figures were measured on."""
    model = Path("/proc/cpuinfo").read_text().partition("model name\t: ")[2].split("\n")[0]
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores ({model or 'unknown'}), load {load:.1f}"
