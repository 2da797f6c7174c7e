"""One ledger for all tests of viewers, and Jaeger's storage over it."""

from collections.abc import Generator
from pathlib import Path

import grpc
import pytest

from spanledger_exporters.viewing.jaeger_grpc import serve_jaeger
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import Client, a_ledger, fill


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with what `a_ledger` says."""
    return fill(tmp_path_factory.mktemp("viewed"), a_ledger())


@pytest.fixture(scope="session")
def reader(data: Path) -> TraceReader:
    return TraceReader(data)


@pytest.fixture(scope="session")
def jaeger(reader: TraceReader) -> Generator[Client]:
    server = serve_jaeger(reader, "127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Client(channel)
    server.stop()
