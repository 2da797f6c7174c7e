"""Begin and end one go at a step: its span, its place as the current one, its statuses."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Self

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._capture import TEES, Capture
from spanledger._emit import emit, guarded, tracer
from spanledger._entered import Entered
from spanledger._failures import failure, is_cancelled, is_failure
from spanledger._steplist import StepState
from spanledger._text import content, plain, tells_content, title

if TYPE_CHECKING:
    from spanledger._plans import Plan

_SEVERITY: Final = {"failed": SeverityNumber.ERROR, "blocked": SeverityNumber.WARN}
_OVER: Final = frozenset({"done", "failed", "cancelled", "skipped", "removed"})


class Step(Entered):
    """One go at a step of a plan.

    As a context manager it is the current step of its thread or task while the block runs; when
    the block ends the step is done, or failed by the exception that goes on outward. The methods
    do the same without making it current. Ask the plan again for another go: a new attempt.
    """

    def __init__(
        self, wanted: object, plan: "Plan | None" = None, *, capture_output: bool = False
    ) -> None:
        self._wanted, self._plan, self._captures = wanted, plan, capture_output
        self._found: StepState | None = None
        self._span: trace.Span | None = None
        self._context: Context | None = None
        self._capture: Capture | None = None
        self._told: dict[str, str | None] = {}
        self._owns_plan = False

    @property
    def id(self) -> str:
        """Unique in the plan."""
        return self._state()[1].id

    @property
    def title(self) -> str | None:
        """As the plan has it now; None if only another process knows."""
        return self._state()[1].title

    @property
    def status(self) -> str | None:
        """queued, running, …; None if only another process knows."""
        return self._state()[1].status

    @property
    def attempt(self) -> int:
        """How often it was begun, in this process."""
        return self._state()[1].attempt

    @property
    def context(self) -> Context | None:
        """OpenTelemetry's context inside the step; None before it is begun."""
        return self._context

    def _state(self) -> "tuple[Plan, StepState]":
        if self._plan is None:
            self._plan = self._current_plan()
        if self._found is None:
            self._found = self._plan.start().find(self._wanted)
        return self._plan, self._found

    def _current_plan(self) -> "Plan":
        """The current plan; one that came from another process; else one of this step alone."""
        from spanledger import _planning  # noqa: PLC0415 - a plan has steps, and back

        scope = _scope.current()
        if scope.plan is not None:
            return scope.plan
        if scope.plan_id is not None:
            return _planning.continue_plan(scope.plan_id)
        self._owns_plan = True
        return _planning.plan(None, [plain(self._wanted)])

    def start(self) -> Self:
        """Begin, or begin again; nothing happens while it runs."""
        with guarded("starting a step"):
            if self._span is None:
                self._begin()
            else:
                self._turn("running")
        return self

    def _begin(self) -> None:
        plan, state = self._state()
        before, attempt = plan.change(state, "running")
        around = _scope.here()
        scope = _scope.current(around)
        if scope.plan_id != plan.id and not _has_span(around):
            around = plan.context
        capture = scope.capture
        if self._captures and tells_content():
            self._capture = capture = Capture(capture)
        scope = plan.scope.inside(state.id, capture)
        about: dict[str, AttributeValue] = {**scope.ids(), a.STEP_ATTEMPT: attempt}
        if state.position is not None:
            about[a.STEP_POSITION] = state.position
        links = [trace.Link(plan.planned)] if plan.planned is not None else None
        self._span = tracer().start_span("step", around, attributes=about, links=links)
        self._context = _scope.with_scope(scope, trace.set_span_in_context(self._span, around))
        self._tell("running", before, {})

    def _tell(self, status: str, before: str | None, more: Mapping[str, AttributeValue]) -> None:
        plan, state = self._state()
        context = self._context
        if context is None:
            scope = plan.scope.inside(state.id)
            context = _scope.with_scope(scope, plan.context)
        told: dict[str, AttributeValue] = {
            a.PLAN_REVISION: plan.revision,
            a.STEP_TITLE: title(state.title),
            a.STEP_POSITION: state.position,
            a.STEP_STATUS: status,
            a.STEP_PREVIOUS_STATUS: before,
            # Another process may have begun it before: only the ledger can count.
            a.STEP_ATTEMPT: state.attempt if plan.counts_attempts else None,
            **more,
        }
        severity = _SEVERITY.get(status, SeverityNumber.INFO)
        emit(a.STEP_STATUS_CHANGED, told, severity=severity, context=context)

    def _turn(self, status: str, more: Mapping[str, AttributeValue] | None = None) -> None:
        """Go into another status and tell it; the same one again is not told."""
        plan, state = self._state()
        before, _ = plan.change(state, status)
        if before != status:
            self._tell(status, before, more or {})

    def _finish(self, status: str, more: Mapping[str, AttributeValue]) -> None:
        self._turn(status, {**self._caught(), **self._told, **more})
        self._end_span(status, more)
        if self._owns_plan and self._plan is not None:
            self._plan.settle()

    def _end_span(self, status: str, more: Mapping[str, AttributeValue]) -> None:
        span, self._span = self._span, None
        if span is None:
            return
        if status == "failed":
            span.set_attributes({key: more[key] for key in more if key == a.ERROR_TYPE})
            message = more.get(a.ERROR_MESSAGE)
            span.set_status(trace.StatusCode.ERROR, str(message) if message else None)
        span.end()

    def _caught(self) -> dict[str, str | None]:
        if self._capture is None:
            return {}
        streams = ((a.STEP_STDOUT, "stdout"), (a.STEP_STDERR, "stderr"))
        return {key: content(self._capture.text(stream)) for key, stream in streams}

    @guarded("keeping a step's output")
    def output(
        self, output: object = None, *, stdout: object = None, stderr: object = None
    ) -> None:
        """What came out of the step; told when it ends, or now if it has ended. Content."""
        said = ((a.STEP_OUTPUT, output), (a.STEP_STDOUT, stdout), (a.STEP_STDERR, stderr))
        told = {key: content(text) for key, text in said if text is not None}
        self._told |= told
        status = self._state()[1].status
        if self._span is None and status in _OVER and any(told.values()):
            self._tell(status, status, told)

    @guarded("ending a step")
    def done(self, output: object = None, *, stdout: object = None, stderr: object = None) -> None:
        """End it well."""
        self.output(output, stdout=stdout, stderr=stderr)
        self._finish("done", {})

    @guarded("ending a step")
    def fail(self, error: object = None) -> None:
        """End it badly: with an exception, or a reason in words."""
        self._finish("failed", failure(error))

    @guarded("ending a step")
    def skip(self, reason: object = None) -> None:
        """It is not needed."""
        self._finish("skipped", {a.STEP_REASON: title(reason)})

    @guarded("ending a step")
    def cancel(self, reason: object = None) -> None:
        """Somebody stopped it."""
        self._finish("cancelled", {a.STEP_REASON: title(reason)})

    @guarded("pausing a step")
    def pause(self, reason: object = None) -> None:
        """It waits, of its own will; `resume` goes on with the same attempt."""
        self._turn("paused", {a.STEP_REASON: title(reason)})

    @guarded("blocking a step")
    def block(self, reason: object = None) -> None:
        """It has to wait: for a person, a lock, another step; `resume` goes on with it."""
        self._turn("blocked", {a.STEP_REASON: title(reason)})

    def resume(self) -> Self:
        """Go on."""
        return self.start()

    def _enter(self) -> None:
        self.start()
        if self._context is not None:
            self._go_into(self._context)
        if self._capture is not None:
            TEES.begin()

    def _leave(self, error: BaseException | None) -> None:
        if self._capture is not None:
            TEES.end()
        # Only what is not said yet.
        status = self._state()[1].status
        if error is not None and is_cancelled(error):
            self._finish("cancelled", failure(error))
        elif error is not None and is_failure(error):
            self._finish("failed", failure(error))
        elif status == "running" and self._span is not None:
            self._finish("done", {})
        else:
            self._end_span(status or "", {})

    def _again(self) -> Self:
        return type(self)(self._wanted, self._plan, capture_output=self._captures)


def _has_span(context: Context) -> bool:
    return trace.get_current_span(context).get_span_context().is_valid


def step(wanted: object, *, capture_output: bool = False) -> Step:
    """One go at a step of the current plan, by title or id; one it does not have is added to it.

    Outside of every plan it is a plan of its own. With `capture_output`, what the block prints is
    kept as the step's stdout and stderr. Content.
    """
    return Step(wanted, capture_output=capture_output)
