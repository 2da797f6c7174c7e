"""Run a program in our place: the terminal and the streams are its own, our signals go on to it."""

import contextlib
import os
import resource
import signal
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# What is sent to us is meant for the program. Stops and window sizes it gets from the terminal.
_HELD: Final = frozenset(
    {
        signal.SIGCHLD,
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
# Python ignores these, and a program would inherit that.
_RESTORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_FIRST_GLANCE_S: Final = 0.02
_GLANCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it and those it started used; a negative code is a signal."""

    exit_code: int
    cpu_user_s: float
    cpu_system_s: float
    rss_peak: int
    """Bytes; 0 where nobody knows."""


class Children:
    """Starts programs and waits for them, while signals are held."""

    def __init__(self, mask: frozenset[int]) -> None:
        self._mask = mask

    def start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Its process id; found as a shell finds it. Raises OSError if it cannot be started."""
        return os.posix_spawnp(
            arguments[0],
            list(arguments),
            dict(environment),
            setsigmask=self._mask,
            setsigdef=_RESTORED,
        )

    def wait(self, pid: int) -> Result:
        """Wait for its end.

        What a process sends us is sent on; what the terminal sends us it has sent the program too.
        """
        # Linux counts what a process was before it became the program: us.
        ours, seen, glance_s = (
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            0,
            _FIRST_GLANCE_S,
        )
        while True:
            found, status, usage = os.wait4(pid, os.WNOHANG)
            if found:
                peak = usage.ru_maxrss if usage.ru_maxrss > ours else seen
                code = os.waitstatus_to_exitcode(status)
                return Result(code, usage.ru_utime, usage.ru_stime, peak * 1024)
            seen = max(seen, _rss_peak(pid))
            told = signal.sigtimedwait(_HELD, glance_s)
            if told is not None and told.si_signo != signal.SIGCHLD and told.si_code <= 0:
                os.kill(pid, told.si_signo)
            glance_s = min(_GLANCE_S, 2 * glance_s)


def _rss_peak(pid: int) -> int:
    """The most KiB of memory a running program had; 0 where /proc is not to be had."""
    try:
        told = Path(f"/proc/{pid}/status").read_bytes()
        return int(told.partition(b"VmHWM:")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return 0


@contextlib.contextmanager
def signals_held() -> Generator[Children]:
    """Keep signals for the programs that are started in the block.

    To be entered before any thread is started: threads take over which signals are held.
    """
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody is told how a program ended
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield Children(frozenset(map(int, mask)))
    finally:
        while signal.sigtimedwait(_HELD, 0) is not None:
            """Come too late: the program has ended, and so do we."""
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def die_of(number: int) -> None:
    """End this process by the signal that ended the program; returns if it cannot."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
