"""Run the real Jaeger, with collector-config/jaeger.yaml, over a collector's ledger."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from spanledger_exporters.serving import Collector

from .parts import fetch

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "collector-config" / "jaeger.yaml"
PATIENCE_S = 60


def built(script: str, *what: str) -> str:
    """The path of what a script in .ci builds; skips the test where it is not built."""
    found = subprocess.run(
        [ROOT / ".ci" / script, "--path", *what], capture_output=True, text=True, check=False
    )
    if found.returncode:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


@contextlib.contextmanager
def jaeger_over(running: Collector, log: Path, **options: str) -> Generator[str]:
    """Where Jaeger's page and API are, for the length of the block; `options` of its query part."""
    jaeger = built("jaeger", "jaeger")
    page = f"127.0.0.1:{free_port()}"
    settings = {
        "jaeger_storage.backends.ledger.grpc.endpoint": running.jaeger,
        "jaeger_query.http.endpoint": page,
        "jaeger_query.grpc.endpoint": f"127.0.0.1:{free_port()}",
        **{f"jaeger_query.{name}": value for name, value in options.items()},
    }
    said = [f"--set=extensions.{name}={value}" for name, value in settings.items()]
    with log.open("wb") as file:
        command = [jaeger, f"--config={CONFIG}", *said]
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _wait_for(lambda: _answers(f"http://{page}"), process, log)
        yield f"http://{page}"
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _answers(at: str) -> bool:
    try:
        return fetch(f"{at}/api/services")[0] == 200
    except OSError:
        return False


def _wait_for(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.1)
