"""Hold that the stock exporters for Python and JavaScript deliver what they were given."""

import secrets

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from . import stock
from .node import Node, installed
from .stored import stored_in
from .target import Target

pytestmark = [
    pytest.mark.rule("clients", "R"),
    # The SDKs resolve resources and speak of deprecations in their own time.
    pytest.mark.filterwarnings("default::DeprecationWarning"),
]

transports = pytest.mark.parametrize("transport", ["grpc", "http"])
gzips = pytest.mark.parametrize("gzip", [False, True], ids=["plain", "gzip"])


def _assert_stored(target: Target, table: str, mark: str, count: int) -> None:
    """Our own server's store must have them; of another only the answer is known."""
    if target.data is not None:
        wanted = f"SELECT count(*) FROM {table} WHERE attributes['{stock.MARK}'] = '{mark}'"
        assert stored_in(target.data)(wanted) == [(count,)]


@transports
@gzips
def test_the_python_exporter_delivers_spans(target: Target, transport: str, *, gzip: bool) -> None:
    mark = secrets.token_hex(8)
    exporter = stock.span_exporter(target, transport, gzip=gzip)
    result = exporter.export(stock.finished_spans(mark, 100))
    exporter.shutdown()
    assert result.name == "SUCCESS"
    _assert_stored(target, "spans", mark, 100)


@transports
@gzips
def test_the_python_exporter_delivers_logs(target: Target, transport: str, *, gzip: bool) -> None:
    mark = secrets.token_hex(8)
    exporter = stock.log_exporter(target, transport, gzip=gzip)
    result = exporter.export(stock.emitted_logs(mark, 100))
    exporter.shutdown()
    assert result.name == "SUCCESS"
    _assert_stored(target, "logs", mark, 100)


@transports
@gzips
def test_the_python_exporter_delivers_metrics(
    target: Target, transport: str, *, gzip: bool
) -> None:
    mark = secrets.token_hex(8)
    exporter = stock.metric_exporter(target, transport, gzip=gzip)
    result = exporter.export(stock.collected_metrics(mark))
    exporter.shutdown()
    assert result.name == "SUCCESS"
    _assert_stored(target, "metrics", mark, 3)


@transports
def test_the_python_sdk_delivers_every_batch(target: Target, transport: str) -> None:
    mark = secrets.token_hex(8)
    provider = TracerProvider()
    exporter = stock.span_exporter(target, transport, gzip=True)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("otlp-conformance")
    for n in range(1_500):
        tracer.start_span(f"step {n}", attributes={stock.MARK: mark}).end()
    assert provider.force_flush()
    provider.shutdown()
    _assert_stored(target, "spans", mark, 1_500)


@pytest.fixture(scope="session")
def node() -> Node:
    return installed()


@pytest.mark.parametrize("kind", ["http", "proto", "grpc"])
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_the_javascript_exporter_delivers_spans(
    target: Target, node: Node, kind: str, compression: str
) -> None:
    mark = secrets.token_hex(8)
    url = f"{target.http_base}/v1/traces"
    if kind == "grpc":
        url = f"http://{target.grpc_address}"
    assert not node.send(kind, url, compression, 100, mark)
    _assert_stored(target, "spans", mark, 100)
