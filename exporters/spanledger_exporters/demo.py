"""Play a small agent that fixes a build, told over real OTLP by the instrumentation itself.

It plans four steps, revises the plan once (one step added, one dropped), fails a step and succeeds
at the second try. What it tells is what a real agent would; only its model and tools are made up.
"""

import contextlib
import itertools
import time
from collections.abc import Generator
from typing import Final

from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

import spanledger

AGENT: Final = "fixer"
_GOAL: Final = "Make the failing build pass"
_REQUEST: Final = "CI is red on main, please fix it"
_MODEL: Final = "demo-model"
# US dollars for a million tokens, as a small model costs.
_INPUT_PRICE: Final = 0.8
_OUTPUT_PRICE: Final = 4.0

_READ: Final = ("read-log", "Read the build log")
_PATCH: Final = ("patch", "Patch the parser")
_CHANGELOG: Final = ("changelog", "Update the changelog")
_COVER: Final = ("cover", "Add a test for empty input")
_TESTS: Final = ("run-tests", "Run the tests")


def run_agent(grpc: str, name: str) -> None:
    """Send one run's traces and logs to the OTLP endpoint `host:port`; they are there on return.

    `name` is the id of its session and of its plan.
    """
    with _telling(f"http://{grpc}"), spanledger.session(name, agent=AGENT):
        steps = [_READ, _PATCH, _CHANGELOG, _TESTS]
        with spanledger.plan(_GOAL, steps, request=_REQUEST, id=name) as plan:
            _fix(plan)


@contextlib.contextmanager
def _telling(endpoint: str) -> Generator[None]:
    """Send what the agent tells to an endpoint, all of it by the end of the block."""
    resource = Resource.create({"service.name": "spanledger-demo"})
    tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    spans = OTLPSpanExporter(endpoint, insecure=True)
    logs = OTLPLogExporter(endpoint, insecure=True)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    try:
        with spanledger.using(tracers, loggers, capture_content=True):
            yield
    finally:
        tracers.shutdown()
        loggers.shutdown()


def _fix(plan: spanledger.Plan) -> None:
    """Act, revise, finish."""
    agent = _Fixer()
    with plan.step("read-log") as step:
        agent.tool("read_file", {"path": "build.log"}, "3 errors in parser.py")
        agent.chat(1180, 64)
        step.output("3 errors, all in parser.py")
    with contextlib.suppress(_PatchError), plan.step("patch"):
        agent.chat(1420, 210)
        agent.tool("apply_patch", {"path": "parser.py"}, None)
    with plan.step("patch") as step:
        agent.chat(1690, 188)
        agent.tool("apply_patch", {"path": "parser.py"}, "1 file changed")
        step.output("parser.py patched")
    plan.revise([_READ, _PATCH, _COVER, _TESTS], reason="no test covers empty input")
    with plan.step("cover") as step:
        agent.chat(1840, 240)
        agent.tool("write_file", {"path": "test_parser.py"}, "24 lines")
        step.output("test_parser.py written")
    with plan.step("run-tests") as step:
        agent.tool("shell", {"command": "pytest -q"}, "48 passed")
        agent.chat(2010, 35)
        step.output("48 passed")


class _Fixer:
    """The agent's model and tools."""

    def __init__(self) -> None:
        self._calls = itertools.count(1)

    def chat(self, input_tokens: int, output_tokens: int) -> None:
        """Ask the model."""
        cost = (input_tokens * _INPUT_PRICE + output_tokens * _OUTPUT_PRICE) / 1e6
        with spanledger.llm_call("demo", _MODEL) as call:
            time.sleep(output_tokens / 4000)
            call.response(input_tokens=input_tokens, output_tokens=output_tokens, cost_usd=cost)

    def tool(self, name: str, arguments: dict[str, str], result: str | None) -> None:
        """Call a tool; without a result it fails."""
        with spanledger.tool_call(name, arguments, id=f"call-{next(self._calls)}") as call:
            time.sleep(0.02)
            if result is None:
                raise _PatchError("hunk 2 does not apply: parser.py has changed")
            call.result(result)


class _PatchError(Exception):
    """What the demo's tool fails with."""
