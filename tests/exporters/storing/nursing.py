"""Talk to the nursery."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path


class Nursery:
    """Processes that are killed at the latest when the test ends."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("nursery.py"))]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._children: list[int] = []
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.line(60) == "open"

    def start(self, job: str, *arguments: object) -> int:
        """Fork a child for the job; its process id."""
        assert self._process.stdin
        print(job, *arguments, file=self._process.stdin, flush=True)
        waiting = []
        while not (line := self.line(30)).startswith("pid "):
            waiting.append(line)
        for one in waiting:
            self._lines.put(one)
        self._children.append(int(line.split()[1]))
        return self._children[-1]

    def line(self, timeout_s: float) -> str:
        """What a child says next."""
        line = self._lines.get(timeout=timeout_s)
        assert not line.startswith("failed"), line
        return line

    def until(self, expected: str, timeout_s: float) -> None:
        """Hear what children say up to this line; each line may take the time."""
        while self.line(timeout_s) != expected:
            pass

    def kill(self, child: int, number: int = signal.SIGKILL) -> None:
        """Send a signal, to one of ours only, and forget it when that ends it."""
        assert child in self._children
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)
        if number == signal.SIGKILL:
            self._children.remove(child)

    def close(self) -> None:
        """End it with all its children."""
        for child in list(self._children):
            self.kill(child)
        self._process.kill()
        self._process.communicate()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))


@contextlib.contextmanager
def nursery() -> Generator[Nursery]:
    made = Nursery()
    try:
        yield made
    finally:
        made.close()
