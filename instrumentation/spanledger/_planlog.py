"""Tell what happens to a plan: its events, the spans of its run and of each act of planning."""

import uuid
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, tracer
from spanledger._scope import Scope
from spanledger._text import plain


class PlanLog:
    """Where one plan's records go: its scope, under the span of its run."""

    def __init__(self, plan_id: str, agent: object) -> None:
        self._id, self._agent = plan_id, agent
        self._parent = Scope()
        self._run: trace.Span | None = None
        self.scope = Scope(plan_id=plan_id)
        self.context = Context()
        self.planned: trace.SpanContext | None = None
        """The span of the latest act of planning, which steps are linked to."""

    def place(self, *, may_run: bool) -> None:
        """Find the session and span to be in; a plan outside every span is a run of its own."""
        around, outer = _scope.here(), _scope.current()
        agent = plain(self._agent) if self._agent is not None else outer.agent
        self._parent = outer
        run_id = outer.run_id or (uuid.uuid4().hex if may_run else None)
        self.scope = Scope(outer.session_id, agent, run_id, self._id)
        if may_run and not trace.get_current_span(around).get_span_context().is_valid:
            self._run = tracer().start_span(
                f"invoke_agent {agent}" if agent else "invoke_agent",
                around,
                attributes=self.scope.ids() | {a.OPERATION: "invoke_agent"},
            )
            around = trace.set_span_in_context(self._run, around)
        self.context = around

    def tell(
        self,
        event: str,
        attributes: Mapping[str, AttributeValue],
        severity: SeverityNumber = SeverityNumber.INFO,
    ) -> None:
        """Write an event of the plan."""
        emit(event, attributes, severity=severity, context=self.context)

    def tell_list(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Write a list of steps, and a span for the act of making it."""
        name, revision = self.scope.agent, attributes.get(a.PLAN_REVISION)
        about: dict[str, AttributeValue] = {**self.scope.ids(), a.OPERATION: "plan"}
        if revision is not None:
            about[a.PLAN_REVISION] = revision
        with tracer().start_as_current_span(
            f"plan {name}" if name else "plan", self.context, attributes=about
        ) as span:
            self.planned = span.get_span_context()
            context = trace.set_span_in_context(span, self.context)
            emit(a.PLAN_REVISED, {**attributes, **self._parents()}, context=context)

    def _parents(self) -> dict[str, AttributeValue]:
        outer = self._parent
        if outer.plan_id == self._id:
            return {}
        return {a.PLAN_PARENT_ID: outer.plan_id, a.PLAN_PARENT_STEP_ID: outer.step_id}

    def end_run(self, failure: Mapping[str, str] | None = None) -> None:
        """End the span of the run, if the plan has one; in error if it failed."""
        run, self._run = self._run, None
        if run is None:
            return
        if failure is not None:
            run.set_attributes({key: failure[key] for key in failure if key == a.ERROR_TYPE})
            run.set_status(trace.StatusCode.ERROR, failure.get(a.ERROR_MESSAGE))
        run.end()
