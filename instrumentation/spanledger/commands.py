"""Run a program that tells nothing itself, and tell its start, its end, its cost and its files."""

import os
import shlex
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from opentelemetry import trace
from opentelemetry.util.types import AttributeValue

from spanledger import attributes as a
from spanledger._agents import AgentTask, Outcome, agent
from spanledger._carriers import environment
from spanledger._children import Children
from spanledger._emit import guarded
from spanledger._sessions import run, session
from spanledger.actions import Source, record_action
from spanledger.files import Change, Folder, Look
from spanledger.memory import Cost, tell_cost

__all__ = ["MOST_TOLD", "Ended", "run_command"]

MOST_TOLD: Final = 1000
"""Files that are told of one by one: a build makes thousands, and the SDK queues 2048 records."""

_HEARTBEAT_S: Final = 30.0
_STOPPED: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
# What a shell says of a program that a signal ended.
_SHELL: Final = 128
_ACTIONS: Final = {"created": "file_create", "modified": "file_write", "deleted": "file_delete"}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and whether more files were changed than could be seen or told."""

    exit_code: int
    """Negative: the signal that ended it."""
    is_cut: bool = False


def run_command(
    children: Children,
    arguments: Sequence[str],
    *,
    name: str | None = None,
    session_id: str | None = None,
    folder: Folder | None = None,
    variables: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program to its end as the task of an agent, in a session of its own or the one here.

    The program finds session and span in its variables; it has our streams. Raises OSError if it
    cannot be started, which is told as well.

    Args:
        children: What `signals_held` gives.
        arguments: The program and its arguments.
        name: The agent's; by default the program's.
        session_id: By default the session around, else a new one.
        folder: Where to look for changed files; by default nowhere.
        variables: More of them for the program.
    """
    who = name or PurePath(arguments[0]).name
    with (
        session(session_id, agent=who),
        run(),
        agent(who, shlex.join(arguments), heartbeat_s=_HEARTBEAT_S) as task,
    ):
        before = folder.look() if folder is not None else None
        began = time.perf_counter()
        pid = children.start(arguments, {**os.environ, **(variables or {}), **environment()})
        result = children.wait(pid)
        cost = Cost(
            result.exit_code,
            time.perf_counter() - began,
            result.cpu_user_s,
            result.cpu_system_s,
            result.rss_peak,
        )
        tell_cost(cost, arguments, None, pid)
        seen = _Seen(folder, before)
        with guarded("telling what a command did"):
            _tell_end(task, result.exit_code, seen)
            _tell_actions(arguments[0], _outcome(result.exit_code), seen)
    return Ended(result.exit_code, is_cut=seen.is_cut)


class _Seen:
    """What the command changed, as far as could be seen."""

    def __init__(self, folder: Folder | None, before: Look | None) -> None:
        self.root, self.changes, self.is_cut = "", list[Change](), False
        with guarded("looking for changed files"):
            if folder is not None and before is not None:
                after = folder.look()
                self.root = str(folder.root)
                self.changes = list(before.changes(after))
                is_whole = before.is_whole and after.is_whole
                self.is_cut = not is_whole or len(self.changes) > MOST_TOLD


def _outcome(exit_code: int) -> Outcome:
    if not exit_code:
        return "success"
    number = -exit_code if exit_code < 0 else exit_code - _SHELL
    return "cancelled" if number in _STOPPED else "failure"


def _tell_end(task: AgentTask, exit_code: int, seen: _Seen) -> None:
    outcome = _outcome(exit_code)
    said = f"exit code {exit_code}" if exit_code > 0 else f"ended by signal {-exit_code}"
    span = trace.get_current_span()
    span.set_attribute(a.PROCESS_EXIT_CODE, exit_code)
    if outcome == "failure":
        span.set_status(trace.StatusCode.ERROR, said)
    told: dict[str, AttributeValue] = {a.PROCESS_EXIT_CODE: exit_code}
    if seen.root:
        told |= {a.FILES_CHANGED: len(seen.changes), a.FILES_CUT: seen.is_cut}
    task.finish(outcome, said if outcome == "failure" else None, told)


def _tell_actions(program: str, outcome: Outcome, seen: _Seen) -> None:
    """The command, and what it did to files in its course."""
    ended = "unknown" if outcome == "cancelled" else outcome
    with record_action(
        "command",
        target_kind="program",
        target_id=PurePath(program).name,
        source=Source.USER,
        outcome=ended,
        authoritative=True,
        scope_kind="folder" if seen.root else None,
        scope_id=seen.root or None,
    ):
        for change in seen.changes[:MOST_TOLD]:
            record_action(
                _ACTIONS[change.kind],
                target_kind="file",
                target_id=change.path,
                delta={"before": change.before, "after": change.after},
                outcome="success",
                authoritative=True,
                scope_kind="folder",
                scope_id=seen.root,
            )
