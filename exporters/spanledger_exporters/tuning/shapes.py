"""Write turns in the shapes that trainers read: OpenAI's chat format, which TRL reads too."""

import json
from collections.abc import Iterable, Sequence
from typing import NotRequired, TypedDict

from spanledger_exporters.decoding.values import Json
from spanledger_exporters.tuning import tools
from spanledger_exporters.tuning.calls import Turn
from spanledger_exporters.tuning.chat import Said

Object = dict[str, Json]


class Provenance(TypedDict):
    """Where a row is from and why it is there; `other_span_id` is the rejected answer's."""

    session_id: str
    agent: str | None
    plan_id: str | None
    step_id: str | None
    trace_id: str | None
    span_id: str | None
    other_span_id: str | None
    dialect: str | None
    model: str | None
    step_status: str | None
    plan_status: str | None
    context: str
    tools: str
    reason: str
    redacted: NotRequired[int]


def message(said: Said) -> Object:
    """One message in OpenAI's wire shape."""
    shaped: Object = {"role": said.role, "content": said.content}
    if said.calls:
        shaped["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in said.calls
        ]
    if said.answers is not None:
        shaped["tool_call_id"] = said.answers
    return shaped


def messages(conversation: Iterable[Said]) -> list[Json]:
    """A conversation in OpenAI's wire shape."""
    return [message(said) for said in conversation]


def definitions(turn: Turn, conversation: Sequence[Said]) -> tuple[list[Json], str]:
    """The tools of a row, and how they are known: defined, observed in its calls, or none."""
    if turn.tools != "[]":
        return json.loads(turn.tools), "defined"
    seen = tools.observed(conversation)
    return json.loads(seen), "observed" if seen != "[]" else "none"


def provenance(turn: Turn, reason: str, tools_are: str, other: Turn | None = None) -> Provenance:
    """Where a turn is from."""
    row = turn.row
    return Provenance(
        session_id=row.session_id,
        agent=row.agent,
        plan_id=row.plan_id,
        step_id=row.step_id,
        trace_id=row.trace_id,
        span_id=row.span_id,
        other_span_id=other.row.span_id if other else None,
        dialect=row.dialect,
        model=row.model or None,
        step_status=row.step_status,
        plan_status=row.plan_status,
        context="rebuilt" if turn.is_rebuilt else "recorded",
        tools=tools_are,
        reason=reason,
    )
