"""Measure what telling costs in the agent's thread: steps, events, model calls, with batch export.

`python tests/benchmarks/instrumentation.py [ROUNDS]` prints microseconds, medians of 20 stretches.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

import spanledger

STRETCHES: Final = 20
STEPS: Final = [f"step {n}" for n in range(20)]
IMPORT: Final = (
    "import time, opentelemetry._logs, opentelemetry.trace, opentelemetry.baggage;"
    "from opentelemetry.baggage import propagation;"
    "from opentelemetry.trace.propagation import tracecontext;"
    "began = time.process_time(); import spanledger; {more};"
    "print((time.process_time() - began) * 1000)"
)
# What a step's span and each of its events carry.
SPAN: Final = {f"spanledger.step.key{n}": "a value as long as most" for n in range(7)}
EVENT: Final = {f"spanledger.step.key{n}": "a value as long as most" for n in range(12)}


class _SpanSink(SpanExporter):
    """Takes spans as fast as an exporter can."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        return SpanExportResult.SUCCESS


class _LogSink(LogRecordExporter):
    """Takes log records as fast as an exporter can."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        del batch
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing to do."""

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        del timeout_millis
        return True


def microseconds(work: Callable[[], object], rounds: int) -> float:
    """One call's CPU time in this thread, over a stretch; then the queues have time to empty."""
    began = time.thread_time()
    for _ in range(rounds):
        work()
    taken = time.thread_time() - began
    time.sleep(0.02)
    return taken / rounds * 1e6


def measure(works: dict[str, Callable[[], object]], rounds: int) -> None:
    """Print the median of each work's stretches, taken in turns."""
    taken = [[microseconds(work, rounds) for work in works.values()] for _ in range(STRETCHES)]
    for name, times in zip(works, zip(*taken, strict=True), strict=True):
        print(f"{name:<24} {statistics.median(times):7.1f} µs")


def import_ms(more: str) -> float:
    """The CPU time of an import in a new process, over OpenTelemetry's API."""
    command = [sys.executable, "-c", IMPORT.format(more=more)]
    return min(float(subprocess.check_output(command, text=True)) for _ in range(5))


def transitions(rounds: int) -> dict[str, Callable[[], object]]:
    """The first and the last transition of a step, each with its half of the span."""
    steps = [f"step {n}" for n in range(rounds * STRETCHES)]
    plan = spanledger.plan("goal", steps).start()
    queued, running = iter(steps), list[spanledger.Step]()
    return {
        "a step begun": lambda: running.append(plan.step(next(queued)).start()),
        "a step ended": lambda: running.pop().done(),
    }


def works(tracers: TracerProvider, loggers: LoggerProvider) -> dict[str, Callable[[], object]]:
    """What else is measured, inside the current plan."""
    own, logger = tracers.get_tracer("spanledger"), loggers.get_logger("spanledger")
    foreign = tracers.get_tracer("somebody")
    plan = spanledger.current().plan
    assert plan is not None
    turned = plan.step("step 3").start()

    def step() -> None:
        with plan.step("step 7"):
            pass

    def bare() -> None:
        with own.start_as_current_span("step", attributes=SPAN):
            logger.emit(event_name="e", attributes=EVENT, timestamp=time.time_ns())
            logger.emit(event_name="e", attributes=EVENT, timestamp=time.time_ns())

    def turn() -> None:
        turned.pause()
        turned.resume()

    def call() -> None:
        with spanledger.llm_call("p", "m") as made:
            made.response(input_tokens=10, output_tokens=2)

    return {
        "a step as a block: both": step,
        "the SDK's part of both": bare,
        "a pause and a resumption": turn,
        "an event": lambda: spanledger.emit("spanledger.test", {"key": "value", "number": 1}),
        "a model call": call,
        "a foreign span, stamped": lambda: foreign.start_span("chat").end(),
        "a revision of 20 steps": lambda: plan.revise(STEPS),
    }


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    tracers, loggers = TracerProvider(), LoggerProvider()
    tracers.add_span_processor(spanledger.LedgerSpanProcessor())
    tracers.add_span_processor(BatchSpanProcessor(_SpanSink()))
    loggers.add_log_record_processor(BatchLogRecordProcessor(_LogSink()))
    with (
        spanledger.using(tracers, loggers),
        spanledger.session("s", agent="a"),
        spanledger.plan("goal", STEPS),
    ):
        measure(transitions(rounds), rounds)
        for name, work in works(tracers, loggers).items():
            measure({name: work}, rounds)
    print(f"import spanledger        {import_ms('pass'):7.1f} ms")
    print(f"… and plan, step, …      {import_ms('spanledger.plan; spanledger.llm_call'):7.1f} ms")
    tracers.shutdown()
    loggers.shutdown()


if __name__ == "__main__":
    main()
