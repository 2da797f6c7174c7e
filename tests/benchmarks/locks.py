"""Measure what telling of locks and errors costs the thread it happens in.

`python tests/benchmarks/locks.py` prints microseconds a go: locks free and nobody waiting, the SDK
with batch processors and no exporter behind them. The bar: 15 µs for an instrumented lock that is
not told.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from opentelemetry.sdk._logs import LoggerProvider, ReadableLogRecord
from opentelemetry.sdk._logs.export import (
    BatchLogRecordProcessor,
    LogRecordExporter,
    LogRecordExportResult,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import spanledger
from spanledger.instrumentors.asyncio_locks import AsyncioInstrumentor
from spanledger.instrumentors.thread_locks import ThreadingInstrumentor


class Kept(LogRecordExporter):
    """Takes everything and keeps nothing."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        del batch
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is left to do."""

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        """Nothing waits."""
        del timeout_millis
        return True


ROUNDS = 5
BAR_US = 15.0


def best_us(work: Callable[[], object], times: int) -> float:
    """The best of a few rounds: the others measure the machine."""
    rounds: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - began) / times * 1e6)
    return min(rounds)


def taking(lock: contextlib.AbstractContextManager[object]) -> Callable[[], None]:
    def take() -> None:
        with lock:
            pass

    return take


async def asyncio_us(times: int) -> float:
    lock, rounds = asyncio.Lock(), list[float]()
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            async with lock:
                pass
        rounds.append((time.perf_counter() - began) / times * 1e6)
    return min(rounds)


def locks() -> dict[str, float]:
    """Each kind of lock, plain and instrumented."""
    found = {
        "threading.Lock, plain": best_us(taking(threading.Lock()), 20_000),
        "asyncio.Lock, plain": asyncio.run(asyncio_us(20_000)),
    }
    for instrumentor in (ThreadingInstrumentor(), AsyncioInstrumentor()):
        instrumentor.instrument()
    makers = (threading.Lock, threading.RLock, threading.Condition, threading.Semaphore)
    for make in makers:
        name = f"threading.{make.__name__}, instrumented"
        found[name] = best_us(taking(make()), 20_000)
    found["asyncio.Lock, instrumented"] = asyncio.run(asyncio_us(20_000))
    for instrumentor in (ThreadingInstrumentor(), AsyncioInstrumentor()):
        instrumentor.uninstrument()
    return found


@spanledger.capture_errors
def failing(depth: int) -> None:
    text, numbers = "x" * 100, list(range(50))
    if depth == 0:
        raise ValueError(text, numbers)
    failing(depth - 1)


def fail() -> None:
    with contextlib.suppress(ValueError):
        failing(3)


def told() -> dict[str, float]:
    """What is told each time."""
    guard = spanledger.lock("bench", threading.Lock(), operation="update")
    quick = spanledger.lock("bench", threading.Lock(), threshold_ms=1000)
    text = Path(spanledger.__file__).with_name("attributes.py").read_text(encoding="utf-8")
    megabytes = len(text) / 1e6
    return {
        "spanledger.lock, below its threshold": best_us(taking(quick), 10_000),
        "spanledger.lock, told (3 events, 1 span)": best_us(taking(guard), 1000),
        "an error through 4 frames": best_us(fail, 100),
        "redact, MB/s": megabytes / best_us(lambda: spanledger.redact(text), 50) * 1e6,
    }


def main() -> None:
    tracers, loggers = TracerProvider(), LoggerProvider()
    tracers.add_span_processor(BatchSpanProcessor(InMemorySpanExporter()))
    loggers.add_log_record_processor(BatchLogRecordProcessor(Kept()))
    with spanledger.using(tracers, loggers):
        found = locks()
        for name, us in found.items():
            print(f"{name:45} {us:8.2f} µs")
        for name, value in told().items():
            print(f"{name:45} {value:8.2f}{'' if 'MB/s' in name else ' µs'}")
    worst = max(us for name, us in found.items() if "instrumented" in name)
    print(f"bar {BAR_US} µs: {'met' if worst <= BAR_US else 'missed'} ({worst:.1f})")
    tracers.shutdown()
    loggers.shutdown()


if __name__ == "__main__":
    main()
