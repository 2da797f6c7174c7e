"""Keep a plan from its first list of steps to its one outcome."""

import atexit
import json
import os
import sys
import time
import uuid
import weakref
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Self

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import guarded
from spanledger._entered import Entered
from spanledger._failures import failure, is_cancelled, is_failure
from spanledger._forks import ForkSafeLock
from spanledger._planlog import PlanLog
from spanledger._scope import Scope
from spanledger._spending import Spending
from spanledger._steplist import Reset, StepLike, StepList, StepState, as_list
from spanledger._steps import Step
from spanledger._text import content, plain, title

_LOCK: Final = ForkSafeLock()
"""Of the lists of all plans: they are held for microseconds."""


class Plan(Entered):
    """A plan: what is to be reached, its steps, and how it went.

    As a context manager it is also the current plan, which `spanledger.step` belongs to. Leaving
    the block ends it: completed, or failed if a step failed last, or abandoned if steps are left.
    """

    _is_ours = True

    def __init__(
        self,
        goal: object = None,
        steps: Iterable[StepLike] = (),
        *,
        request: object = None,
        title: object = None,
        id: object = None,  # noqa: A002 - the contract's word
        agent: object = None,
    ) -> None:
        self._goal, self._request, self._title = goal, request, title
        self._steps, self._agent = steps, agent
        self._id = plain(id) if id is not None else uuid.uuid4().hex
        self._list = StepList()
        self._log = PlanLog(self._id, agent)
        self._pid, self._began_ns = os.getpid(), 0
        self._status: str | None = None
        self._revision: int | None = 0
        self.spent = Spending()

    @property
    def id(self) -> str:
        """The plan's id, the same in every process that goes on with it."""
        return self._id

    @property
    def status(self) -> str | None:
        """active, paused, completed, failed or abandoned; None before it began."""
        return self._status

    @property
    def revision(self) -> int | None:
        """From 1; None if another process counts."""
        return self._revision

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps in order, as far as this process knows them."""
        with _LOCK:
            return tuple(Step(step.id, self) for step in self._list.steps)

    @property
    def context(self) -> Context:
        """OpenTelemetry's context of the plan: its scope, under its run's span."""
        return self._log.context

    @property
    def scope(self) -> Scope:
        """Session, agent, run and plan."""
        return self._log.scope

    @property
    def counts_attempts(self) -> bool:
        """Whether every attempt at a step is known here."""
        return self._is_ours

    @property
    def planned(self) -> trace.SpanContext | None:
        """The span of the latest act of planning."""
        return self._log.planned

    def start(self) -> Self:
        """Make the plan known, with all its steps queued; a second time does nothing."""
        with guarded("starting a plan"):
            with _LOCK:
                begins = self._status is None
                self._status = self._status or "active"
            if begins:
                self._began_ns = time.time_ns()
                self._log.place(may_run=self._is_ours)
                self._log.scope = replace(self._log.scope, plan=self)
                self._log.context = _scope.with_scope(self._log.scope, self._log.context)
                self._begin()
        return self

    def _begin(self) -> None:
        if not _OPEN:
            close_plans_at_exit()
        _OPEN.add(self)
        self._plan_again(self._steps, "none", None)

    def _enter(self) -> None:
        self.start()
        self._go_into(self._log.context)

    def _leave(self, error: BaseException | None) -> None:
        # A forked child that runs out of the block has only a copy of its parent's plan.
        if self._is_ours and self._pid == os.getpid():
            self.settle(error)

    def _again(self) -> Self:
        return type(self)(
            self._goal, self._steps, request=self._request, title=self._title, agent=self._agent
        )

    def settle(self, error: BaseException | None = None) -> None:
        """End the plan as its steps, or an exception, say."""
        self._finish(self._verdict(error), error)

    def close(self) -> None:
        """At the end of the process: what is open was not completed, whatever its steps say."""
        if self._pid == os.getpid():
            error = getattr(sys, "last_value", None)
            self._finish("failed" if error is not None else "abandoned", error)

    def _verdict(self, error: BaseException | None) -> str:
        if error is not None and (is_cancelled(error) or is_failure(error)):
            return "abandoned" if is_cancelled(error) else "failed"
        with _LOCK:
            return self._list.verdict()

    def step(self, wanted: object, *, capture_output: bool = False) -> Step:
        """One go at a step, by its title or id; one that the plan does not have is added to it.

        Use it as a context manager or decorator, or say `start`, `done`, `fail`, … yourself.
        """
        return Step(wanted, self, capture_output=capture_output)

    def find(self, wanted: object) -> StepState:
        """The state of a step; for `Step`. An unknown one is added and told as a revision."""
        with _LOCK:
            found = self._list.find(wanted)
            if found is not None:
                return found
            if not self._is_ours:
                return self._list.add_elsewhere(wanted)
            found, told = self._list.add(wanted), self._taken(differs=True)
        self._log.tell_list(told)
        return found

    def change(self, step: StepState, status: str) -> tuple[str | None, int]:
        """Put a step into a status; for `Step`. Gives the one before, and the attempt."""
        with _LOCK:
            before, step.status = step.status, status
            if status == "running" and before not in {"running", "paused", "blocked"}:
                step.attempt += 1
            return before, step.attempt

    def revise(
        self, steps: Iterable[StepLike], reason: object = None, reset: Reset = "none"
    ) -> None:
        """Go on with another list of steps.

        Args:
            steps: All steps from now on, in order; what is not among them is removed. A step with
                the id or the title of an earlier one is that step.
            reason: Why, for the change history.
            reset: Which steps are put back to queued: `none`, those with `changed` titles, `all`.
        """
        with guarded("revising a plan"):
            self.start()
            self._plan_again(steps, reset, reason)

    def _plan_again(self, steps: Iterable[object], reset: Reset, reason: object) -> None:
        listed = as_list(steps)
        with _LOCK:
            differs = self._list.revise(listed, reset)
            told = self._taken(differs=differs or reset != "none")
        if reset != "none":
            told[a.PLAN_CHANGE_RESET] = reset
        told[a.PLAN_CHANGE_REASON] = title(reason)
        self._log.tell_list(told)

    def _taken(self, *, differs: bool) -> dict[str, AttributeValue]:
        """What to tell of the list as it is now; a new revision if it differs."""
        if self._revision is not None:
            self._revision = self._revision + differs or 1
        return {
            a.PLAN_STATUS: self._status,
            a.PLAN_GOAL: title(self._goal),
            a.PLAN_TITLE: title(self._title),
            a.PLAN_REQUEST: content(self._request),
            a.PLAN_STEPS: self._list.snapshot(),
            a.PLAN_HASH: self._list.digest(),
            a.PLAN_STEP_COUNT: len(self._list.steps),
            a.PLAN_REVISION: self._revision,
        }

    def pause(self, reason: object = None) -> None:
        """Tell that the plan waits for something."""
        self._turn("paused", reason)

    def resume(self) -> None:
        """Tell that it goes on."""
        self._turn("active", None)

    @guarded("changing a plan")
    def _turn(self, status: str, reason: object) -> None:
        self.start()
        with _LOCK:
            before = self._status
            if before not in {"active", "paused"} or before == status:
                return
            self._status = status
        about = {a.PLAN_REVISION: self._revision, a.PLAN_CHANGE_REASON: title(reason)}
        told = {a.PLAN_STATUS: status, a.PLAN_PREVIOUS_STATUS: before}
        self._log.tell(a.PLAN_STATUS_CHANGED, {**told, **about})

    def complete(self) -> None:
        """End the plan: what it was for is reached."""
        self._finish("completed", None)

    def fail(self, error: object = None) -> None:
        """End the plan: it is not reached, because of an exception or for a reason in words."""
        self._finish("failed", error)

    def abandon(self, reason: object = None) -> None:
        """End the plan: nobody will go on with it."""
        self._finish("abandoned", reason)

    @guarded("releasing a plan")
    def release(self) -> None:
        """Leave it to another process to go on with the plan and to end it."""
        self.start()
        self._is_ours = False
        _OPEN.discard(self)
        self._log.end_run()

    @guarded("ending a plan")
    def _finish(self, status: str, error: object) -> None:
        """Tell the outcome, unless it was told."""
        self.start()
        with _LOCK:
            if self._status not in {"active", "paused"}:
                return
            before, self._status = self._status, status
            counts = self._list.counts()
        _OPEN.discard(self)
        told = {a.PLAN_STATUS: status, a.PLAN_PREVIOUS_STATUS: before, **failure(error)}
        sums = {
            a.PLAN_REVISION: self._revision,
            a.PLAN_STEPS_BY_STATUS: json.dumps(dict(sorted(counts.items()))),
            a.PLAN_STEP_COUNT: counts.total(),
            a.PLAN_DURATION: (time.time_ns() - self._began_ns) / 1e9,
            **self.spent.told(),
        }
        severity = SeverityNumber.INFO if status == "completed" else SeverityNumber.WARN
        self._log.tell(a.PLAN_OUTCOME, {**told, **sums}, severity)
        self._log.end_run(failure(error) if status == "failed" else None)


_OPEN: Final[weakref.WeakSet[Plan]] = weakref.WeakSet()


def close_plans_at_exit() -> None:
    """Close them before the providers that are there by now close: the last in goes out first."""
    atexit.unregister(_close_open_plans)
    atexit.register(_close_open_plans)


def _close_open_plans() -> None:
    for plan in list(_OPEN):
        plan.close()
