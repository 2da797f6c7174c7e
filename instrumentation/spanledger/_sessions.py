"""Say whose session and which run the code inside belongs to."""

import uuid
from dataclasses import replace
from typing import Self

from opentelemetry import trace
from opentelemetry.context import Context

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import tracer
from spanledger._entered import Entered
from spanledger._failures import failure, is_failure
from spanledger._scope import Scope
from spanledger._text import plain


class Session(Entered):
    """A session, and a run of an agent in it if it has a span."""

    def __init__(self, id: object, agent: object, run: object, *, span: bool) -> None:  # noqa: A002 - the contract's word
        self._said = (id, agent, run)
        self._has_span = span
        self._scope = Scope()
        self._span: trace.Span | None = None

    @property
    def id(self) -> str | None:
        """The session's id; None outside the block, and in a run without a session."""
        return self._scope.session_id

    @property
    def run_id(self) -> str | None:
        """The run's id."""
        return self._scope.run_id

    def _enter(self) -> None:
        around, outer = _scope.here(), _scope.current()
        key, agent, run = (plain(said) if said is not None else None for said in self._said)
        if key is not None and key != outer.session_id:
            outer = Scope(agent=outer.agent)
        self._scope = replace(
            outer,
            session_id=key or outer.session_id,
            agent=agent or outer.agent,
            run_id=run or (uuid.uuid4().hex if self._has_span else outer.run_id),
        )
        if not self._has_span and self._scope.session_id is None:
            self._scope = replace(self._scope, session_id=uuid.uuid4().hex)
        if self._has_span:
            around = self._begin(around)
        self._go_into(_scope.with_scope(self._scope, around))

    def _begin(self, around: Context) -> Context:
        name = self._scope.agent
        self._span = tracer().start_span(
            f"invoke_agent {name}" if name else "invoke_agent",
            around,
            attributes=self._scope.ids() | {a.OPERATION: "invoke_agent"},
        )
        return trace.set_span_in_context(self._span, around)

    def _leave(self, error: BaseException | None) -> None:
        span, self._span = self._span, None
        if span is not None:
            end_span(span, error)

    def _again(self) -> Self:
        key, agent, run = self._said
        return type(self)(key, agent, run, span=self._has_span)


def end_span(span: trace.Span, error: BaseException | None) -> None:
    """End a span, in error if an exception failed what it stands for."""
    if error is not None and is_failure(error):
        told = failure(error)
        span.set_attribute(a.ERROR_TYPE, told[a.ERROR_TYPE])
        span.set_status(trace.StatusCode.ERROR, told.get(a.ERROR_MESSAGE))
    span.end()


def session(
    id: object = None,  # noqa: A002 - the contract's word
    *,
    agent: object = None,
    span: bool = False,
) -> Session:
    """Everything in the block belongs to one session.

    Args:
        id: What holds the agent's records together; by default the session around it, or the one
            this process was started in, else a new id.
        agent: Who acts.
        span: Whether the block is a run of the agent as well: a span `invoke_agent`.
    """
    return Session(id, agent, None, span=span)


def run(
    agent: object = None,
    *,
    id: object = None,  # noqa: A002 - the contract's word
    session: object = None,
) -> Session:
    """The block is one run of an agent: a span `invoke_agent`, and a run id on all records in it.

    Args:
        agent: Who runs; by default the agent around it.
        id: The run's id; by default a new one.
        session: The session's id; by default the session around it.
    """
    return Session(session, agent, id, span=True)
