"""Know the server under test; start our own when none was named."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import pytest

_START_S: Final = 60.0
_STOP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running server: HOST:PORT for gRPC, a URL for HTTP; an absent one is not tested.

    `limit` is the largest request it takes, in bytes after inflation; `within` the seconds in which
    hostile requests must be answered. `data` is where our own server keeps what it received, None
    for any other server.
    """

    grpc_at: str | None
    http_at: str | None
    limit: int
    within: float
    data: Path | None = None

    @property
    def foreign(self) -> bool:
        """Whether this is another server than ours."""
        return self.data is None

    def channel(self) -> grpc.Channel:
        """A new channel with no limit on what is sent; what is received keeps gRPC's 4 MiB."""
        options = [
            ("grpc.max_send_message_length", -1),
            # Otherwise channels to one address share a connection.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        return grpc.insecure_channel(self.grpc_address, options=options)

    @property
    def grpc_address(self) -> str:
        """HOST:PORT; skips the test when there is none."""
        if self.grpc_at is None:
            pytest.skip("no gRPC address was given")
        return self.grpc_at

    @property
    def http_base(self) -> str:
        """The URL before the path; skips the test when there is none."""
        if self.http_at is None:
            pytest.skip("no HTTP address was given")
        return self.http_at.rstrip("/")


@contextmanager
def own_server(home: Path, limit: int, within: float) -> Iterator[Target]:
    """Our server on free ports with an empty data directory, for as long as the block lasts."""
    data = home / "data"
    ports = [f"--{name}-port=0" for name in ("grpc", "http", "ui", "jaeger")]
    command = [sys.executable, "-m", "spanledger", "serve", "--data", str(data), *ports]
    with (
        (home / "stderr.txt").open("w+b") as stderr,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={key: value for key, value in os.environ.items() if not _is_setting(key)},
        ) as process,
    ):
        try:
            told = json.loads(_first_line(process, home / "stderr.txt"))
            yield Target(told["grpc"], told["http"], limit, within, Path(told["data"]))
        finally:
            _stop(process)


def _is_setting(variable: str) -> bool:
    return variable.startswith("SPANLEDGER_")


def _first_line(process: subprocess.Popen[bytes], stderr: Path) -> bytes:
    if process.stdout is None:
        raise AssertionError("stdout is a pipe")
    ready, _, _ = select.select([process.stdout], [], [], _START_S)
    line = process.stdout.readline() if ready else b""
    if not line.strip():
        pytest.fail(f"the server did not start: {stderr.read_text()[-2000:]}", pytrace=False)
    return line


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
