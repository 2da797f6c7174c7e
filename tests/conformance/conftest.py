"""Run the suite against the server that was named, or against our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from .doors import Compression, Door, GrpcDoor, HttpDoor
from .report import Claim, outcome_of, table
from .rules import LEVELS, RULES
from .signals import SIGNALS, Signal
from .stored import Stored, stored_in
from .target import Target, own_server

DOORS: Final = tuple(
    f"{transport}{compression}"
    for transport in ("grpc", "http/protobuf", "http/json")
    for compression in ("", "+gzip")
)
_CLAIMS: Final = pytest.StashKey[dict[str, Claim]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """What to test."""
    group = parser.getgroup("otlp", "OTLP conformance")
    group.addoption("--otlp-grpc", metavar="HOST:PORT", help="an OTLP/gRPC server that runs")
    group.addoption("--otlp-http", metavar="URL", help="an OTLP/HTTP server: http://HOST:PORT")
    group.addoption(
        "--otlp-limit-mib", type=int, default=64, help="its largest request, inflated (64)"
    )
    group.addoption(
        "--otlp-within-s", type=float, default=2.0, help="answer hostile requests in time (2)"
    )
    group.addoption(
        "--conformance-report", action="store_true", help="print the outcome for every rule"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that ties tests to rules."""
    levels = ", ".join(LEVELS)
    config.addinivalue_line("markers", f"rule(key, level): the rule a test holds; level: {levels}")
    config.stash[_CLAIMS] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note which test is about which rule; other choices than ours are no failures."""
    foreign = bool(_option(config, "--otlp-grpc") or _option(config, "--otlp-http"))
    known = {rule.key for rule in RULES}
    for item in items:
        marker = item.get_closest_marker("rule")
        if marker is None:
            continue
        claim = Claim(str(marker.args[0]), str(marker.args[1]))
        if claim.rule not in known or claim.level not in LEVELS:
            raise pytest.UsageError(f"{item.nodeid}: there is no rule {claim}")
        config.stash[_CLAIMS][item.nodeid] = claim
        if foreign and claim.level == "ours":
            item.add_marker(pytest.mark.xfail(reason="chose otherwise, as it may", strict=False))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the report when asked to."""
    config = terminalreporter.config
    if not _option(config, "--conformance-report"):
        return
    outcomes = [
        (report.nodeid, outcome)
        for category, reports in terminalreporter.stats.items()
        if (outcome := outcome_of(category))
        for report in reports
        if isinstance(report, pytest.TestReport)
    ]
    claims = config.stash[_CLAIMS]
    terminalreporter.section("OTLP conformance")
    for line in table(claims, outcomes):
        terminalreporter.write_line(line)


def _option(config: pytest.Config, name: str) -> object:
    # The options are unknown to a run that came to this folder only while collecting.
    return config.getoption(name, default=None)


@pytest.fixture(scope="session")
def target(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The server under test."""
    grpc, http = _option(pytestconfig, "--otlp-grpc"), _option(pytestconfig, "--otlp-http")
    limit = int(str(_option(pytestconfig, "--otlp-limit-mib") or 64)) << 20
    within = float(str(_option(pytestconfig, "--otlp-within-s") or 2.0))
    if grpc or http:
        yield Target(str(grpc) if grpc else None, str(http) if http else None, limit, within)
        return
    with own_server(tmp_path_factory.mktemp("server"), limit, within) as own:
        yield own


@pytest.fixture
def stored(target: Target) -> Stored:
    """What our own server kept, by SQL; skips for any other server."""
    if target.data is None:
        pytest.skip("only our own server's store can be read")
    return stored_in(target.data)


@pytest.fixture(params=SIGNALS, ids=lambda signal: signal.name)
def signal(request: pytest.FixtureRequest) -> Signal:
    """Each of the three signals."""
    found: Signal = request.param
    return found


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest, target: Target) -> Iterator[Door]:
    """Each way in: two transports, two encodings over HTTP, with and without gzip."""
    with _opened(str(request.param), target) as found:
        yield found


@pytest.fixture(params=[name for name in DOORS if "json" not in name])
def protobuf_door(request: pytest.FixtureRequest, target: Target) -> Iterator[Door]:
    """Each way in for protobuf."""
    with _opened(str(request.param), target) as found:
        yield found


@pytest.fixture
def grpc_door(target: Target) -> Iterator[GrpcDoor]:
    """Plain gRPC."""
    with target.channel() as channel:
        yield GrpcDoor(channel, Compression.NONE)


@pytest.fixture(params=[False, True], ids=["protobuf", "json"])
def http_door(request: pytest.FixtureRequest, target: Target) -> HttpDoor:
    """Plain HTTP in both encodings."""
    return HttpDoor(target.http_base, Compression.NONE, json=bool(request.param))


@pytest.fixture
def json_door(target: Target) -> HttpDoor:
    """Plain HTTP with JSON."""
    return HttpDoor(target.http_base, Compression.NONE, json=True)


@contextmanager
def _opened(name: str, target: Target) -> Iterator[Door]:
    compression = Compression.GZIP if name.endswith("+gzip") else Compression.NONE
    if not name.startswith("grpc"):
        yield HttpDoor(target.http_base, compression, json="json" in name)
        return
    with target.channel() as channel:
        yield GrpcDoor(channel, compression)
