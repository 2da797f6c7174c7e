"""Keep a copy of what a step prints, each thread's and task's for its own step.

Python's own streams only: what a child process writes to the terminal does not pass here.
"""

import sys
from collections import deque
from typing import Any, Final, TextIO, cast

from spanledger._emit import guarded
from spanledger._forks import ForkSafeLock
from spanledger._scope import current
from spanledger._text import Cut, max_content


class _Kept:
    """The two ends of a text that may grow without end."""

    def __init__(self, limit: int) -> None:
        self._head, self._tail = "", deque[str]()
        self._room, self._limit, self._held, self._cut = limit * 2 // 3, limit // 3, 0, 0

    def add(self, text: str) -> None:
        """Keep it, or the end of it."""
        self._head += text[: self._room]
        rest = text[self._room :]
        self._room -= min(self._room, len(text))
        if not rest:
            return
        self._tail.append(rest[-self._limit :])
        self._cut += len(rest) - len(self._tail[-1])
        self._held += len(self._tail[-1])
        while self._held - len(self._tail[0]) >= self._limit:
            gone = self._tail.popleft()
            self._held -= len(gone)
            self._cut += len(gone)

    def text(self) -> str:
        """What was kept, with a word about what was not."""
        if not self._cut:
            return self._head + "".join(self._tail)
        return Cut(f"{self._head}…[{self._cut} characters cut]…{''.join(self._tail)}")


class Capture:
    """What one step printed; also told to the capture around it."""

    def __init__(self, around: "Capture | None") -> None:
        self._around = around
        limit = max_content()
        self._streams = {"stdout": _Kept(limit), "stderr": _Kept(limit)}

    def add(self, stream: str, text: str) -> None:
        """Keep a piece of `stdout` or `stderr`."""
        self._streams[stream].add(text)
        if self._around is not None:
            self._around.add(stream, text)

    def text(self, stream: str) -> str | None:
        """What came; None for nothing."""
        return self._streams[stream].text() or None


class _Tee:
    """A stream that shows everything it writes to the running code's capture."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name, self.stream = name, stream

    def write(self, text: str) -> int:
        written = self.stream.write(text)
        with guarded("capturing output"):
            capture = current().capture
            if capture is not None:
                capture.add(self._name, text)
        return written

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Tees:
    """The tees in place of sys.stdout and sys.stderr, while anybody captures."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = ForkSafeLock()

    def begin(self) -> None:
        with self._lock:
            self._users += 1
            for name in ("stdout", "stderr"):
                stream = getattr(sys, name)
                if stream is not None and not isinstance(stream, _Tee):
                    setattr(sys, name, cast("TextIO", _Tee(name, stream)))

    def end(self) -> None:
        """Put the streams back, unless others captured or somebody else has put theirs there."""
        with self._lock:
            self._users -= 1
            for name in ("stdout", "stderr"):
                tee = getattr(sys, name)
                if not self._users and isinstance(tee, _Tee):
                    setattr(sys, name, tee.stream)


TEES: Final = _Tees()
