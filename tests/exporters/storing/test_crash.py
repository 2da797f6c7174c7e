"""kill -9 at random under load: what was acknowledged is there, once, and it starts unaided."""

import contextlib
import itertools
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc
import pytest

from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.layout import SIGNALS, Layout, stem_of

from .nursing import Nursery, nursery
from .parts import count, log_numbers, logs, publisher, span_numbers, spans

ROUNDS: Final = 50
EXPORT: Final = {
    "spans": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}


@dataclass(slots=True)
class Sender:
    """Sends numbered records until each is acknowledged, whatever happens to the collector."""

    port: int
    signal: str
    numbers: Iterator[int]
    acknowledged: list[int] = field(default_factory=list)
    retries: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopping.is_set():
            mine = [next(self.numbers) for _ in range(random.randint(1, 20))]
            payload = spans(*mine) if self.signal == "spans" else logs(*mine)
            while not self._send(payload):
                self.retries += 1
                if self.stopping.wait(0.05):
                    return
            self.acknowledged += mine

    def _send(self, payload: bytes) -> bool:
        with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
            export: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                EXPORT[self.signal]
            )
            try:
                export(payload, timeout=10, wait_for_ready=False)
            except grpc.RpcError:
                return False
            return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def leftovers(layout: Layout) -> Iterator[str]:
    """In what a kill was: the phases whose traces are in the directory."""
    if list(layout.root.rglob("*.tmp*")):
        yield "writing a file"
    if layout.ledger.with_name("ledger.duckdb.wal").exists():
        yield "replacing views"
    for name in SIGNALS:
        made = {path.stem for path in layout.segment_files(name)}
        hot = {stem_of(path) for path in layout.hot_files(name)}
        kept = {stem_of(path) for path in layout.kept_files(name)}
        if hot:
            yield "hot files"
        if hot & kept:
            yield "between keeping and removing"
        if hot & made:
            yield "between segment and removing"


def start_s(children: Nursery, root: Path) -> float:
    """How long a collector takes to listen, the first time in a directory, on this machine."""
    began = time.monotonic()
    child = children.start("collector", root, free_port())
    children.until(f"ready {child}", 60)
    took = time.monotonic() - began
    children.kill(child)
    return took


def one_round(
    children: Nursery, layout: Layout, port: int, alive_s: float, *, up: bool
) -> set[str]:
    """Kill a collector on its way up, or once it is; the phases that the kill was in."""
    child = children.start("collector", layout.root, port)
    if up:
        children.until(f"ready {child}", 60)
    time.sleep(random.uniform(0, alive_s))
    children.kill(child)
    return set(leftovers(layout)) if layout.hot.is_dir() else {"first start"}


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled_by_fifty_kills(tmp_path: Path) -> None:
    layout, port = Layout(tmp_path / "data"), free_port()
    phases: Counter[str] = Counter()
    numbers = itertools.count(1)
    senders = [Sender(port, name, numbers) for name in ("spans", "logs", "spans", "logs")]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    with nursery() as children:
        alive_s = start_s(children, tmp_path / "other")
        for thread in threads:
            thread.start()
        try:
            for number in range(ROUNDS):
                phases.update(one_round(children, layout, port, alive_s, up=number % 2 > 0))
            last = children.start("collector", layout.root, port)
            children.until(f"ready {last}", 60)
            time.sleep(2)
        finally:
            for sender in senders:
                sender.stopping.set()
            for thread in threads:
                thread.join()
    assert publisher(layout).publish([], 10).done
    _nothing_lost_or_doubled(layout, senders)
    assert sum(sender.retries for sender in senders) > ROUNDS // 4
    assert phases["hot files"] >= 3
    assert len(phases) >= 3, phases
    assert upkeep.verify(layout).problems == []
    before = count(layout, "spans_received"), count(layout, "logs")
    upkeep.rebuild(layout, lambda _done, _all: None)
    assert (count(layout, "spans_received"), count(layout, "logs")) == before


def _nothing_lost_or_doubled(layout: Layout, senders: list[Sender]) -> None:
    for name, found in (("spans", span_numbers(layout)), ("logs", log_numbers(layout))):
        sent = {n for sender in senders if sender.signal == name for n in sender.acknowledged}
        assert len(sent) > ROUNDS
        assert sent <= set(found), f"lost {name}: {sorted(sent - set(found))[:20]}"
        assert len(found) == len(set(found)), f"doubled {name}"


STEPS: Final = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from parts import logs, spans, write
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.store import Store, StoreOptions
store = Store.open(Path(sys.argv[1]), StoreOptions(seal_age_s=3600, min_free_bytes=0,
    merging=Merging(many=2)))
for number in range(1, 4):
    write(store, "spans", spans(number))
    print(number, flush=True)
    store.publish(1)
store.close()
"""


def _until_killed(root: Path, call: str, place: int) -> list[int]:
    """Run the steps, killed at the `place`th call; the numbers that were acknowledged."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"]
    command += ["-e", f"inject={call}:signal=KILL:when={place}", sys.executable, "-c", STEPS]
    ran = subprocess.run(
        [*command, str(root), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return [int(line) for line in ran.stdout.split()]


def _traceable() -> bool:
    if not shutil.which("strace"):
        return False
    with contextlib.suppress(OSError):
        ran = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
        return ran.returncode == 0
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "places"),
    [("rename", range(1, 14, 2)), ("fsync", range(1, 30, 5)), ("unlink", range(1, 10, 2))],
)
def test_a_kill_at_this_very_system_call_loses_nothing(
    tmp_path: Path, call: str, places: range
) -> None:
    if not _traceable():
        pytest.skip("strace is not installed, or not allowed to trace here")
    killed = 0
    for place in places:
        layout = Layout(tmp_path / str(place))
        acknowledged = _until_killed(layout.root, call, place)
        killed += len(acknowledged) < 3
        layout.create()
        again = subprocess.run(
            [sys.executable, "-c", STEPS, str(layout.root), str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert again.returncode == 0, again.stderr
        assert span_numbers(layout) == [1, 2, 3]
        assert upkeep.verify(layout).problems == []
        assert set(acknowledged) <= {1, 2, 3}
    assert killed
