"""Measure what code and commands cost: `measured`, `run_measured`, `watch_memory`."""

import contextlib
import gc
import json
import os
import resource
import shlex
import signal
import subprocess
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._text import title
from spanledger._watch import Watcher
from spanledger.errors_values import type_name
from spanledger.redaction import redact

__all__ = ["Cost", "MemoryWatcher", "measured", "run_measured", "tell_cost", "watch_memory"]

_PAGE: Final = resource.getpagesize()
_TOP: Final = 10
# A million objects are counted in about 0.1 s.
_MOST_OBJECTS: Final = 2_000_000
_LONGEST_LOOK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command cost: seconds, bytes; how it ended and what it wrote, if that was kept."""

    exit_code: int
    duration_s: float
    cpu_user_s: float
    cpu_system_s: float
    rss_peak: int
    stdout: bytes = b""
    stderr: bytes = b""


@contextlib.contextmanager
def measured(name: str) -> Generator[None]:
    """Tell what a block of code cost this process: time, processor time, memory."""
    before, began, rss = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter(), _rss()
    try:
        yield
    finally:
        with guarded("measuring"):
            after = resource.getrusage(resource.RUSAGE_SELF)
            told: dict[str, AttributeValue] = {
                a.MEASURE_NAME: name,
                a.MEASURE_DURATION: time.perf_counter() - began,
                a.MEASURE_CPU_USER: after.ru_utime - before.ru_utime,
                a.MEASURE_CPU_SYSTEM: after.ru_stime - before.ru_stime,
                a.MEASURE_RSS_PEAK: after.ru_maxrss * 1024,
                a.MEASURE_RSS_GROWTH: _rss() - rss,
                a.PROCESS_PID: os.getpid(),
            }
            emit(a.MEASURED, told)


def _rss() -> int:
    """Bytes of memory now, 0 where /proc is not to be had."""
    try:
        with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - a Path costs as much again
            return int(statm.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def run_measured(
    arguments: Sequence[str],
    *,
    name: str | None = None,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    capture: bool = True,
) -> Cost:
    """Run a command to its end and tell what it alone cost; raises what starting it raises.

    After `timeout` seconds it is killed, which its exit code then tells. With `capture`, what it
    writes is in the answer, else it goes where ours goes. `rss_peak` is never less than ours: Linux
    counts what a process was before it ran a program of its own.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(arguments),
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out if capture else None,
            stderr=err if capture else None,
        )
        status, usage = _await(process.pid, timeout)
        # Popen is told, so that it does not wait for what is gone.
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        cost = Cost(
            process.returncode,
            time.perf_counter() - began,
            usage.ru_utime,
            usage.ru_stime,
            usage.ru_maxrss * 1024,
            out.read(),
            err.read(),
        )
    tell_cost(cost, arguments, name, process.pid)
    return cost


def _await(pid: int, timeout: float | None) -> tuple[int, resource.struct_rusage]:
    deadline = None if timeout is None else time.monotonic() + timeout
    pause_s = 0.001
    while deadline is not None:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return status, usage
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(pause_s)
        pause_s = min(0.05, pause_s * 2)
    _, status, usage = os.wait4(pid, 0)
    return status, usage


def tell_cost(cost: Cost, arguments: Sequence[str], name: str | None, pid: int) -> None:
    """Tell what a command cost that was run elsewhere; without a name it has the program's."""
    with guarded("telling what a command cost"):
        command = title(redact(shlex.join(map(str, arguments))))
        told: dict[str, AttributeValue] = {
            a.MEASURE_NAME: name or os.path.basename(str(arguments[0])),  # noqa: PTH119 - a name
            a.MEASURE_DURATION: cost.duration_s,
            a.MEASURE_CPU_USER: cost.cpu_user_s,
            a.MEASURE_CPU_SYSTEM: cost.cpu_system_s,
            a.MEASURE_RSS_PEAK: cost.rss_peak or None,
            a.PROCESS_PID: pid,
            a.PROCESS_EXIT_CODE: cost.exit_code,
        }
        emit(a.MEASURED, told if command is None else {**told, a.PROCESS_COMMAND: command})


def watch_memory(interval_s: float = 60.0, *, top: int = _TOP) -> "MemoryWatcher":
    """Tell every so often what has grown, by line of code and by type, until `stop()`.

    Switches tracemalloc on, which makes a program about a third slower, and off again.
    """
    return MemoryWatcher(interval_s, top)


class MemoryWatcher(Watcher):
    """Compares snapshots."""

    def __init__(self, interval_s: float, top: int) -> None:
        self._top = top
        self._owns = not tracemalloc.is_tracing()
        if self._owns:
            tracemalloc.start()
        self._snapshot, self._types = tracemalloc.take_snapshot(), _types()
        context = _scope.with_scope(_scope.current(), otel_context.get_current())
        super().__init__("memory", max(0.05, interval_s), context)

    def _look(self) -> None:
        snapshot, types = tracemalloc.take_snapshot(), _types()
        grown = [
            {"at": str(line.traceback[0]), "bytes": line.size_diff, "blocks": line.count_diff}
            for line in snapshot.compare_to(self._snapshot, "lineno")[: self._top]
            if line.size_diff > 0
        ]
        more = (types - self._types).most_common(self._top)
        self._snapshot, self._types = snapshot, types
        told: dict[str, AttributeValue] = {
            a.MEMORY_TRACED: tracemalloc.get_traced_memory()[0],
            a.MEMORY_GROWTH_BY_FILE: json.dumps(grown),
            a.MEMORY_GROWTH_BY_TYPE: json.dumps([{"type": t, "objects": n} for t, n in more]),
            a.PROCESS_PID: os.getpid(),
        }
        emit(a.MEMORY_SNAPSHOT, told, context=self._context)

    def _stopped(self) -> None:
        # In the middle of a look there would be nothing to compare.
        self._thread.join(_LONGEST_LOOK_S)
        if self._owns:
            tracemalloc.stop()


def _types() -> Counter[str]:
    counts = Counter(map(type, gc.get_objects()[:_MOST_OBJECTS]))
    return Counter({type_name(made): count for made, count in counts.items()})
