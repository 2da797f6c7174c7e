"""One call sets up what is not set up yet, as OpenTelemetry's variables say."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROVIDERS = """
import json
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
import spanledger
"""
REPORT = """
tracers, loggers = trace.get_tracer_provider(), get_logger_provider()
processors = tracers._active_span_processor._span_processors
exporters = [type(p.span_exporter).__module__ for p in processors if hasattr(p, "span_exporter")]
print(json.dumps({
    "service": tracers.resource.attributes["service.name"],
    "processors": [type(processor).__name__ for processor in processors],
    "exporters": exporters,
    "endpoints": [p.span_exporter._endpoint for p in processors if hasattr(p, "span_exporter")
                  and hasattr(p.span_exporter, "_endpoint")],
    "kinds": [type(p).__name__ for p in (tracers, loggers, metrics.get_meter_provider())],
}))
"""


def run(code: str, *command: str, **variables: str) -> str:
    """What a new process prints; its network goes nowhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "SPANLEDGER_"))}
    told = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none", **variables}
    done = subprocess.run(
        [*command, sys.executable, "-c", PROVIDERS + code],
        env=kept | told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def report(code: str, *command: str, **variables: str) -> dict[str, Any]:
    """What a new process finds set up after `code`."""
    told = run(f"{code}\n{REPORT}", *command, **variables)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def test_one_call_sets_up_everything_and_a_second_changes_nothing() -> None:
    found = report("spanledger.setup('fixer'); spanledger.setup('other')")
    assert found["service"] == "fixer"
    assert found["kinds"] == ["TracerProvider", "LoggerProvider", "MeterProvider"]
    assert found["processors"] == ["BatchSpanProcessor", "LedgerSpanProcessor"]
    assert found["exporters"] == ["opentelemetry.exporter.otlp.proto.http.trace_exporter"]
    assert found["endpoints"] == ["http://localhost:4318/v1/traces"]


def test_arguments_hold_where_variables_say_nothing() -> None:
    call = "spanledger.setup('fixer', endpoint='http://127.0.0.1:9/')"
    assert report(call)["endpoints"] == ["http://127.0.0.1:9/v1/traces"]
    found = report(
        call,
        OTEL_SERVICE_NAME="from-outside",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:10",
    )
    assert found["service"] == "from-outside"
    assert found["endpoints"] == ["http://127.0.0.1:10/v1/traces"]


def test_the_protocol_is_the_variables() -> None:
    found = report("spanledger.setup()", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert found["exporters"] == ["opentelemetry.exporter.otlp.proto.grpc.trace_exporter"]
    found = report(
        "spanledger.setup()",
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf",
    )
    assert found["exporters"] == ["opentelemetry.exporter.otlp.proto.http.trace_exporter"]


@pytest.mark.parametrize(
    ("variables", "exporters"),
    [
        ({"OTEL_TRACES_EXPORTER": "none"}, []),
        ({"OTEL_TRACES_EXPORTER": "console"}, ["opentelemetry.sdk.trace.export"]),
        ({"OTEL_TRACES_EXPORTER": "spanledger"}, ["spanledger_exporters.sdk"]),
        ({"OTEL_TRACES_EXPORTER": "nonsense"}, []),
        ({"OTEL_SDK_DISABLED": "true"}, []),
    ],
)
def test_the_exporter_is_the_variables(
    tmp_path: Path, variables: dict[str, str], exporters: list[str]
) -> None:
    variables |= {"SPANLEDGER_DATA": str(tmp_path)}
    assert report("spanledger.setup('x')", **variables)["exporters"] == exporters


def test_switched_off_nothing_is_set_up() -> None:
    code = "spanledger.setup('x'); print(type(trace.get_tracer_provider()).__name__)"
    assert run(code, SPANLEDGER_DISABLED="1") == "ProxyTracerProvider\n"


def test_what_the_agent_set_up_itself_is_stamped_and_kept() -> None:
    own = (
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.resources import Resource\n"
        "mine = TracerProvider(resource=Resource({'service.name': 'mine'}))\n"
        "trace.set_tracer_provider(mine)\n"
        "handle = spanledger.setup('other')\n"
        "assert trace.get_tracer_provider() is mine and handle.tracer_provider is None\n"
        "assert handle.logger_provider.resource.attributes['service.name'] == 'mine'\n"
    )
    assert report(own)["processors"] == ["LedgerSpanProcessor"]


def test_opentelemetry_instrument_stamps_spans_by_itself(tmp_path: Path) -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    info = tmp_path / "spanledger_under_test-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: spanledger-under-test\nVersion: 1\n"
    )
    hook = points["opentelemetry_pre_instrument"]["spanledger"]
    (info / "entry_points.txt").write_text(
        f"[opentelemetry_pre_instrument]\nspanledger_under_test = {hook}\n"
    )
    command = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    found = report("", command, PYTHONPATH=str(tmp_path), OTEL_TRACES_EXPORTER="none")
    assert found["processors"] == ["LedgerSpanProcessor"]
