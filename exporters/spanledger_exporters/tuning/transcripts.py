"""Write a whole session as one document: an ATIF trajectory, or a Hugging Face session trace.

ATIF: RFC 0001 of the Harbor project, version 1.7, whose models forbid unknown fields; a plan has no
place in it but `extra`. STS: "Session Trace Simple Format" of the Hugging Face Hub's documentation.
"""

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from spanledger_exporters.decoding.values import Json
from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.chat import Call, Said
from spanledger_exporters.tuning.records import Plan
from spanledger_exporters.tuning.shapes import Object

ATIF_VERSION: Final = "ATIF-v1.7"
_SOURCES: Final = {"system": "system", "user": "user", "assistant": "agent"}
_ROLES: Final = {source: role for role, source in _SOURCES.items()}
_NAME_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a session; `turn` is the call that gave it, None for what was told."""

    said: Said
    turn: Turn | None


def lanes(session: Session) -> list[tuple[str, list[Line]]]:
    """What each agent of a session was told and said, in order and once; the first agent first.

    An agent has a lane for each way its conversations begin, the one with most answers first: the
    others are calls on the side, that make a title or check a route.
    """
    found: dict[str, dict[bytes, _Lane]] = {}
    for turn in sorted(session.turns, key=lambda turn: turn.row.started_us or 0):
        beginnings = found.setdefault(turn.row.agent or "", {})
        beginnings.setdefault(turn.keys[1], _Lane()).add(turn)
    return [
        (agent, lane.lines)
        for agent, beginnings in found.items()
        for lane in sorted(beginnings.values(), key=lambda lane: -lane.answers)
    ]


@dataclass(slots=True)
class _Lane:
    """One agent's talk, each message once."""

    lines: list[Line] = field(default_factory=list[Line])
    answers: int = 0
    _seen: dict[bytes, Said] = field(default_factory=dict[bytes, Said])

    def add(self, turn: Turn) -> None:
        """A turn's conversation, as far as it is new.

        In a later history calls may have other ids than in the answer that asked for them.
        """
        self.answers += 1
        ids: dict[str | None, str] = {}
        for number, said in enumerate(turn.whole):
            key = turn.keys[number + 1]
            known = self._seen.get(key)
            if known is None:
                shown = replace(said, answers=ids.get(said.answers, said.answers))
                self._seen[key] = shown
                self.lines.append(Line(shown, turn if number == len(turn.context) else None))
            else:
                pairs = zip(said.calls, known.calls, strict=True)
                ids.update((call.id, before.id) for call, before in pairs)


def atif(session: Session) -> Object | None:
    """The session as a trajectory, other agents' ones inside it; None when nobody said anything."""
    found = lanes(session)
    if not found:
        return None
    agent, lines = found[0]
    trajectory = _trajectory(session, agent, lines)
    trajectory["extra"] = {"plans": [_plan(plan) for plan in session.plans]}
    if len(found) > 1:
        trajectory["subagent_trajectories"] = [
            {**_trajectory(session, name, inner), "trajectory_id": f"{name or 'agent'}-{number}"}
            for number, (name, inner) in enumerate(found[1:], 2)
        ]
    return trajectory


def _trajectory(session: Session, agent: str, lines: Sequence[Line]) -> Object:
    turns = [line.turn for line in lines if line.turn is not None]
    first = turns[0].row
    about: Object = {
        "name": agent or first.dialect or "agent",
        "version": first.version or "unknown",
    }
    if first.model:
        about["model_name"] = first.model
    if turns[0].tools != "[]":
        about["tool_definitions"] = json.loads(turns[0].tools)
    return {
        "schema_version": ATIF_VERSION,
        "session_id": session.id,
        "agent": about,
        "steps": list(_steps(lines)),
        "final_metrics": _totals(turns),
    }


def _steps(lines: Sequence[Line]) -> Iterator[Object]:
    """A step a message; what tools answered is an observation of the step that asked."""
    step: Object | None = None
    number = itertools.count(1)
    for line in lines:
        if line.said.role == "tool":
            if step is not None:
                _observe(step, line.said)
            continue
        if step is not None:
            yield step
        step = _step(next(number), line)
    if step is not None:
        yield step


def _step(number: int, line: Line) -> Object:
    said, turn = line.said, line.turn
    step: Object = {"step_id": number, "source": _SOURCES[said.role], "message": said.content}
    if said.calls:
        step["tool_calls"] = [
            {
                "tool_call_id": call.id,
                "function_name": call.name,
                "arguments": json.loads(call.arguments),
            }
            for call in said.calls
        ]
    if turn is not None:
        row = turn.row
        step |= {"llm_call_count": 1, "metrics": _metrics(turn)}
        if row.started_us is not None:
            step["timestamp"] = _iso(row.started_us)
        if row.model:
            step["model_name"] = row.model
        step["extra"] = {
            "plan_id": row.plan_id,
            "step_id": row.step_id,
            "step_status": row.step_status,
            "trace_id": row.trace_id,
            "span_id": row.span_id,
        }
    elif said.role == "assistant":
        step["is_copied_context"] = True
    return step


def _observe(step: Object, said: Said) -> None:
    observation = step.setdefault("observation", {"results": []})
    results = observation.get("results") if isinstance(observation, dict) else None
    if isinstance(results, list):
        results.append({"source_call_id": said.answers, "content": said.content})


def _metrics(turn: Turn) -> Object:
    row = turn.row
    counts: Object = {
        "prompt_tokens": row.input_tokens,
        "completion_tokens": row.output_tokens,
        "cached_tokens": row.cache_read_tokens,
        "cost_usd": row.cost_usd,
    }
    return {name: value for name, value in counts.items() if value is not None}


def _totals(turns: Sequence[Turn]) -> Object:
    rows = [turn.row for turn in turns]
    totals: Object = {
        "total_prompt_tokens": sum(row.input_tokens or 0 for row in rows),
        "total_completion_tokens": sum(row.output_tokens or 0 for row in rows),
        "total_cached_tokens": sum(row.cache_read_tokens or 0 for row in rows),
    }
    costs = [row.cost_usd for row in rows if row.cost_usd is not None]
    return {**totals, "total_cost_usd": sum(costs)} if costs else totals


def _plan(plan: Plan) -> Object:
    return {
        "plan_id": plan.plan_id,
        "request": plan.request,
        "goal": plan.goal,
        "outcome": plan.outcome,
        "revision": plan.revision,
        "steps": json.loads(plan.steps),
    }


def read_atif(trajectory: Mapping[str, Any]) -> tuple[list[Said], list[Object]]:
    """The conversation and the plans of a trajectory that `atif` wrote: the way back."""
    said: list[Said] = []
    for step in trajectory["steps"]:
        calls = tuple(
            Call(
                call["tool_call_id"],
                call["function_name"],
                json.dumps(call["arguments"], ensure_ascii=False),
            )
            for call in step.get("tool_calls", ())
        )
        said.append(Said(_ROLES[step["source"]], step["message"], calls))
        said += (
            Said("tool", result["content"], (), result["source_call_id"])
            for result in step.get("observation", {"results": ()})["results"]
        )
    return said, trajectory.get("extra", {}).get("plans", [])


def sts(session: Session) -> Iterator[list[Json]]:
    """The lines of each agent's trace: a header, then a line a message."""
    for number, (agent, lines) in enumerate(lanes(session)):
        header: Object = {
            "type": "session",
            "harness": agent or (lines[-1].turn and lines[-1].turn.row.dialect) or "agent",
            "id": session.id if number == 0 else f"{session.id}/{agent or 'agent'}-{number + 1}",
            "name": session.request[:_NAME_CHARS],
            "plans": [_plan(plan) for plan in session.plans],
        }
        yield [header, *_envelopes(lines)]


def _envelopes(lines: Iterable[Line]) -> Iterator[Json]:
    for line in lines:
        said = line.said
        message: Object = {"role": said.role, "content": said.content}
        if said.calls:
            message["toolCalls"] = [
                {"id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
                for call in said.calls
            ]
        if said.answers is not None:
            message["toolCallId"] = said.answers
        if line.turn is not None and line.turn.row.started_us is not None:
            message["timestamp"] = line.turn.row.started_us // 1000
        if line.turn is not None and line.turn.row.model:
            message["model"] = line.turn.row.model
        yield {"type": "message", "message": message}


def _iso(us: int) -> str:
    moment = dt.datetime.fromtimestamp(us / 1e6, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
