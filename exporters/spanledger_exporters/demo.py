"""Play a small agent that fixes a build, told over real OTLP by the real OpenTelemetry SDK.

It plans four steps, revises the plan once (one step added, one dropped), fails a step and succeeds
at the second try. What it tells is what a real agent would; only its model and tools are made up.
"""

import contextlib
import json
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.types import AttributeValue

from spanledger import attributes as a

AGENT: Final = "fixer"
_GOAL: Final = "Make the failing build pass"
_REQUEST: Final = "CI is red on main, please fix it"
_MODEL: Final = "demo-model"
# US dollars for a million tokens, as a small model costs.
_INPUT_PRICE: Final = 0.8
_OUTPUT_PRICE: Final = 4.0

Attributes = dict[str, AttributeValue]


@dataclass(slots=True)
class Step:
    """One step of the demo's plan, as far as it is."""

    id: str
    title: str
    status: str = "queued"
    attempt: int = 0


def run_agent(grpc: str, name: str) -> None:
    """Send one run's traces and logs to the OTLP endpoint `host:port`; they are there on return.

    `name` is the id of its session and of its plan.
    """
    resource = Resource.create({"service.name": "spanledger-demo"})
    tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    endpoint = f"http://{grpc}"
    spans, logs = (
        OTLPSpanExporter(endpoint, insecure=True),
        OTLPLogExporter(endpoint, insecure=True),
    )
    tracers.add_span_processor(BatchSpanProcessor(spans))
    loggers.add_log_record_processor(BatchLogRecordProcessor(logs))
    try:
        _Fixer(tracers, loggers, name).run()
    finally:
        tracers.shutdown()
        loggers.shutdown()


class _Fixer:
    """The agent, with the plan it follows."""

    def __init__(self, tracers: TracerProvider, loggers: LoggerProvider, name: str) -> None:
        # Model and tool calls come from a library of their own, as in a real agent.
        self._tracer = tracers.get_tracer("demo.agent")
        self._ledger = tracers.get_tracer("spanledger")
        self._logger = loggers.get_logger("spanledger")
        self._name = name
        self._revision = 0
        self._calls = 0
        self.steps: list[Step] = []

    def run(self) -> None:
        """Plan, act, revise, finish."""
        read = Step("read-log", "Read the build log")
        patch = Step("patch", "Patch the parser")
        changelog = Step("changelog", "Update the changelog")
        cover = Step("cover", "Add a test for empty input")
        tests = Step("run-tests", "Run the tests")
        with self._ledger.start_as_current_span(f"invoke_agent {AGENT}", attributes=self._who()):
            self._revise([read, patch, changelog, tests], "first plan")
            with self._doing(read):
                self._tool("read_file", {"path": "build.log"}, "3 errors in parser.py")
                self._chat(1180, 64)
            with contextlib.suppress(_PatchError), self._doing(patch):
                self._chat(1420, 210)
                self._tool("apply_patch", {"path": "parser.py"}, None)
            with self._doing(patch):
                self._chat(1690, 188)
                self._tool("apply_patch", {"path": "parser.py"}, "1 file changed")
            self._revise([read, patch, cover, tests], "no test covers empty input")
            with self._doing(cover):
                self._chat(1840, 240)
                self._tool("write_file", {"path": "test_parser.py"}, "24 lines")
            with self._doing(tests):
                self._tool("shell", {"command": "pytest -q"}, "48 passed")
                self._chat(2010, 35)
            self._event(a.PLAN_OUTCOME, {a.PLAN_STATUS: "completed"})

    def _who(self) -> Attributes:
        return {a.SESSION_ID: self._name, a.AGENT_NAME: AGENT, a.PLAN_ID: self._name}

    def _revise(self, steps: list[Step], reason: str) -> None:
        """Tell the whole list as it is from now on; what is not in it any more is removed."""
        self._revision += 1
        self.steps = steps
        listed = [
            {"id": step.id, "title": step.title, "status": step.status, "position": position}
            for position, step in enumerate(steps)
        ]
        self._event(
            a.PLAN_REVISED,
            {
                a.PLAN_STATUS: "active",
                a.PLAN_GOAL: _GOAL,
                a.PLAN_REQUEST: _REQUEST,
                a.PLAN_CHANGE_REASON: reason,
                a.PLAN_STEPS: json.dumps(listed),
            },
        )

    @contextlib.contextmanager
    def _doing(self, step: Step) -> Generator[None]:
        """Run a step: its span, and an event when it begins and when it ends."""
        step.attempt += 1
        with self._ledger.start_as_current_span("step", attributes=self._about(step)):
            self._change(step, "running", {})
            try:
                yield
            except _PatchError as error:
                failure: Attributes = {a.ERROR_TYPE: "PatchError", a.ERROR_MESSAGE: str(error)}
                self._change(step, "failed", failure)
                raise
            self._change(step, "done", {a.STEP_OUTPUT: f"{step.title}: ok"})

    def _about(self, step: Step) -> Attributes:
        return self._who() | {
            a.STEP_ID: step.id,
            a.STEP_TITLE: step.title,
            a.STEP_POSITION: self.steps.index(step),
            a.STEP_ATTEMPT: step.attempt,
        }

    def _change(self, step: Step, status: str, more: Attributes) -> None:
        before, step.status = step.status, status
        what = {a.STEP_STATUS: status, a.STEP_PREVIOUS_STATUS: before}
        self._event(a.STEP_STATUS_CHANGED, self._about(step) | what | more)

    def _event(self, name: str, attributes: Attributes) -> None:
        failed = attributes.get(a.STEP_STATUS) == "failed"
        self._logger.emit(
            timestamp=time.time_ns(),
            event_name=name,
            severity_number=SeverityNumber.ERROR if failed else SeverityNumber.INFO,
            attributes=self._who()
            | {a.EVENT_NAME: name, a.PLAN_REVISION: self._revision}
            | attributes,
        )

    def _chat(self, input_tokens: int, output_tokens: int) -> None:
        cost = (input_tokens * _INPUT_PRICE + output_tokens * _OUTPUT_PRICE) / 1e6
        self._call(
            f"chat {_MODEL}",
            {
                a.OPERATION: "chat",
                a.PROVIDER: "demo",
                a.REQUEST_MODEL: _MODEL,
                a.INPUT_TOKENS: input_tokens,
                a.OUTPUT_TOKENS: output_tokens,
                a.COST_USD: cost,
            },
            output_tokens / 4000,
        )

    def _tool(self, name: str, arguments: dict[str, str], result: str | None) -> None:
        """Call a tool; without a result it fails."""
        self._calls += 1
        attributes: Attributes = {
            a.OPERATION: "execute_tool",
            a.TOOL_NAME: name,
            a.TOOL_CALL_ID: f"call-{self._calls}",
            a.TOOL_ARGUMENTS: json.dumps(arguments),
        }
        if result is None:
            with self._span(f"execute_tool {name}", attributes | {a.ERROR_TYPE: "PatchError"}):
                raise _PatchError("hunk 2 does not apply: parser.py has changed")
        self._call(f"execute_tool {name}", attributes | {a.TOOL_RESULT: result}, 0.02)

    def _call(self, name: str, attributes: Attributes, seconds: float) -> None:
        with self._span(name, attributes):
            time.sleep(seconds)

    def _span(
        self, name: str, attributes: Attributes
    ) -> "contextlib.AbstractContextManager[trace.Span]":
        """A span that names the running step, as an instrumented one would."""
        inside: Attributes = {}
        for step in self.steps:
            if step.status == "running":
                inside = {a.STEP_ID: step.id}
        return self._tracer.start_as_current_span(
            name, kind=trace.SpanKind.CLIENT, attributes=self._who() | inside | attributes
        )


class _PatchError(Exception):
    """What the demo's tool fails with."""
