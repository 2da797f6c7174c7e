"""Tell of an agent's life: its tasks, its errors, that it is still there."""

import os
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal, Self

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._entered import Entered
from spanledger._failures import failure, is_cancelled, is_failure
from spanledger._text import content, plain, title

Status = Literal["idle", "busy", "error"]
Outcome = Literal["success", "failure", "cancelled"]
_LEAST_S: Final = 0.1


class AgentTask(Entered):
    """A task of an agent, from its start to its result; the agent is busy meanwhile."""

    def __init__(
        self, name: object, task: object, task_id: object, heartbeat_s: float | None
    ) -> None:
        self._said = (name, task, task_id)
        self._name = plain(name)
        self._id = plain(task_id) if task_id is not None else uuid.uuid4().hex
        self._heartbeat_s = heartbeat_s
        self._context: Context | None = None
        self._result: str | None = None
        self._began_ns, self._pid, self._beats = 0, 0, 0
        self._stop = threading.Event()
        self._is_over = True

    @property
    def id(self) -> str:
        """The task's id."""
        return self._id

    def _enter(self) -> None:
        self.start()
        if self._context is not None:
            self._go_into(self._context)

    def start(self) -> Self:
        """Begin the task, without making its agent the current one."""
        with guarded("starting a task"):
            scope = replace(_scope.current(), agent=self._name)
            self._context = _scope.with_scope(scope, _scope.here())
            self._began_ns, self._pid, self._is_over = time.time_ns(), os.getpid(), False
            self._tell(a.TASK_START, {a.AGENT_STATUS: "busy"})
            if self._heartbeat_s is not None:
                threading.Thread(
                    target=self._beat, name="spanledger-heartbeat", daemon=True
                ).start()
        return self

    def _beat(self) -> None:
        """Tell it in a thread: one that cannot be started, or died in a fork, harms nobody."""
        while not self._stop.wait(max(_LEAST_S, self._heartbeat_s or 0)):
            self.heartbeat()

    @guarded("telling a heartbeat")
    def heartbeat(self) -> None:
        """Tell that the agent is still there."""
        if not self._is_over:
            self._beats += 1
            self._tell(
                a.HEARTBEAT,
                {
                    a.AGENT_STATUS: "busy",
                    a.AGENT_HEARTBEAT_COUNT: self._beats,
                    a.AGENT_HEARTBEAT_INTERVAL: self._heartbeat_s,
                },
            )

    @guarded("telling an agent's status")
    def status(self, status: Status, reason: object = None) -> None:
        """Tell that the agent is idle, busy or in error, in the middle of the task."""
        told: dict[str, AttributeValue] = {a.AGENT_STATUS: plain(status)}
        self._tell(a.AGENT_STATUS_CHANGED, told | {a.ERROR_MESSAGE: title(reason)})

    @guarded("telling an agent's error")
    def error(self, error: object) -> None:
        """Tell that something went wrong; the task goes on."""
        told = {a.AGENT_STATUS: "error", **failure(error)}
        self._tell(a.AGENT_ERROR, told, SeverityNumber.ERROR)

    @guarded("keeping a task's result")
    def result(self, result: object) -> None:
        """What comes out of the task; told at its end. Content."""
        self._result = content(result)

    @guarded("ending a task")
    def end(self, error: BaseException | None = None) -> None:
        """Tell how the task ended, once."""
        if error is not None and is_failure(error):
            self.finish("failure", error)
        else:
            is_over = error is None or not is_cancelled(error)
            self.finish("success" if is_over else "cancelled")

    @guarded("ending a task")
    def finish(
        self,
        outcome: Outcome,
        error: object = None,
        more: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Tell that the task ended this way, once; an error is told before, `more` with it."""
        if self._is_over or self._pid != os.getpid():
            return
        self._is_over = True
        self._stop.set()
        if error is not None:
            self.error(error)
        told: dict[str, AttributeValue] = {
            a.AGENT_STATUS: "error" if outcome == "failure" else "idle",
            a.AGENT_TASK_OUTCOME: outcome,
            a.AGENT_TASK_RESULT: self._result,
            a.AGENT_TASK_DURATION: (time.time_ns() - self._began_ns) / 1e9,
        }
        self._tell(a.TASK_RESULT, {**told, **(more or {})})

    def _tell(
        self,
        event: str,
        attributes: Mapping[str, AttributeValue],
        severity: SeverityNumber = SeverityNumber.INFO,
    ) -> None:
        about = {a.AGENT_TASK_ID: self._id, a.AGENT_TASK_NAME: title(self._said[1])}
        emit(event, {**about, **attributes}, severity=severity, context=self._context)

    def _leave(self, error: BaseException | None) -> None:
        self.end(error)

    def _again(self) -> Self:
        name, task, _ = self._said
        return type(self)(name, task, None, self._heartbeat_s)


def agent(
    name: object,
    task: object = None,
    *,
    task_id: object = None,
    heartbeat_s: float | None = None,
) -> AgentTask:
    """The block is a task of an agent: its start and its result are told, and its errors.

    Args:
        name: Who acts.
        task: What the task is, in words.
        task_id: Its id; by default a new one.
        heartbeat_s: Tell every so many seconds that the agent is still there; by default never.
    """
    return AgentTask(name, task, task_id, heartbeat_s)


@guarded("telling an agent's status")
def agent_status(status: Status, reason: object = None, *, agent: object = None) -> None:
    """Tell that an agent, by default the current one, is idle, busy or in error."""
    told: dict[str, AttributeValue] = {
        a.AGENT_STATUS: plain(status),
        a.ERROR_MESSAGE: title(reason),
    }
    if agent is not None:
        told[a.AGENT_NAME] = plain(agent)
    emit(a.AGENT_STATUS_CHANGED, told)
