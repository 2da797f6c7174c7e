"""Know the current session, agent, run, plan and step of each thread and task.

They live in OpenTelemetry's context, so they go where spans go: into asyncio tasks by themselves,
into threads with `carry`. What comes from another process is found in its baggage, or in the
variables TRACEPARENT and BAGGAGE this process was started with.
"""

import functools
import os
from collections.abc import Callable, Mapping
from contextvars import Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context, attach, detach, get_current, get_value, set_value
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from spanledger import attributes as a

if TYPE_CHECKING:
    from spanledger._capture import Capture
    from spanledger._plans import Plan

P = ParamSpec("P")
R = TypeVar("R")

_KEY: Final = "spanledger-scope"
_TRACE: Final = TraceContextTextMapPropagator()
_BAGGAGE: Final = W3CBaggagePropagator()
_IDS: Final = (a.SESSION_ID, a.AGENT_NAME, a.RUN_ID, a.PLAN_ID, a.STEP_ID)
_ENVIRONMENT: Final = ("TRACEPARENT", "TRACESTATE", "BAGGAGE")


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A model call in flight."""

    provider: str
    model: str
    trace_id: str
    span_id: str
    started_ns: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose code runs here, and for what; ids are None where nobody said."""

    session_id: str | None = None
    agent: str | None = None
    run_id: str | None = None
    plan_id: str | None = None
    step_id: str | None = None
    plan: "Plan | None" = None
    """The plan itself, if it was made or continued in this process."""
    call: ModelCall | None = None
    capture: "Capture | None" = None

    def ids(self) -> dict[str, str]:
        """What a record made here says about itself."""
        said = (self.session_id, self.agent, self.run_id, self.plan_id, self.step_id)
        return {key: value for key, value in zip(_IDS, said, strict=True) if value is not None}

    def inside(self, step_id: str, capture: "Capture | None" = None) -> "Scope":
        """The scope of a step of the plan."""
        return Scope(
            self.session_id,
            self.agent,
            self.run_id,
            self.plan_id,
            step_id,
            self.plan,
            None,
            capture,
        )


_NOBODY: Final = Scope()


def current(context: Context | None = None) -> Scope:
    """The scope of a context, by default of the running code."""
    found = get_value(_KEY, context)
    if isinstance(found, Scope):
        return found
    if baggage.get_all(context):
        return _told(context)
    return _NOBODY if context is not None else current(inherited())


def _told(context: Context | None) -> Scope:
    """The scope that came with a context's baggage."""

    def word(key: str) -> str | None:
        value = baggage.get_baggage(key, context)
        return value if isinstance(value, str) and value else None

    return Scope(
        word(a.SESSION_ID), word(a.AGENT_NAME), word(a.RUN_ID), word(a.PLAN_ID), word(a.STEP_ID)
    )


@functools.cache
def inherited() -> Context:
    """What the process that started this one said in TRACEPARENT, TRACESTATE and BAGGAGE."""
    told = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return from_headers(told, Context())


def here() -> Context:
    """The running code's context; under the starting process's span if it has no span yet."""
    context = get_current()
    if trace.get_current_span(context).get_span_context().is_valid:
        return context
    span = trace.get_current_span(inherited())
    if not span.get_span_context().is_valid:
        return context
    return trace.set_span_in_context(span, context)


def with_scope(scope: Scope, context: Context | None = None) -> Context:
    """A context like the given one, by default the running code's, in another scope."""
    return set_value(_KEY, scope, context)


def enter(context: Context) -> Token[Context]:
    """Make a context the running code's, until `leave`."""
    return attach(context)


def leave(token: Token[Context]) -> None:
    """Go back to the context before `enter`; in the same thread or task."""
    detach(token)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Bind a function to the session, plan, step and span of here, wherever it will run.

    For threads and executors, which start with none: `pool.submit(spanledger.carry(work), item)`.
    """
    context = with_scope(current(), here())

    @functools.wraps(function)
    def carried(*args: P.args, **kwargs: P.kwargs) -> R:
        token = attach(context)
        try:
            return function(*args, **kwargs)
        finally:
            detach(token)

    return carried


def to_headers(context: Context) -> dict[str, str]:
    """A context's span and scope as W3C headers: traceparent, tracestate, baggage."""
    headers: dict[str, str] = {}
    _TRACE.inject(headers, context)
    for key, value in current(context).ids().items():
        context = baggage.set_baggage(key, value, context)
    _BAGGAGE.inject(headers, context)
    return headers


def from_headers(headers: Mapping[str, str], context: Context) -> Context:
    """A context with the span and scope that W3C headers tell of; other headers are left alone."""
    lower = {key.lower(): value for key, value in headers.items()}
    context = _BAGGAGE.extract(lower, _TRACE.extract(lower, context))
    scope = _told(context)
    if not scope.ids():
        return context
    # Not passed on with every request this process makes: some go to strangers.
    for key in scope.ids():
        context = baggage.remove_baggage(key, context)
    return with_scope(scope, context)
