"""Say of every turn how it stands: good, recovered, bad, or open because nobody knows.

A judgement that somebody gave counts first, then what the turn's own tool calls came to, then how
its step ended, then its plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.records import Feedback

Standing = Literal["good", "recovered", "bad", "open"]
"""`recovered`: its tool call failed, but its step ended done."""

CONSENT: Final = "consent"
"""The name of the feedback that says what a session may be used for; it judges nothing."""
_Place = tuple[str, str | None]
_Step = tuple[str | None, str | None]


@dataclass(slots=True)
class Judge:
    """The judgements by what they are of; the last one of each name counts."""

    spans: dict[_Place, dict[str, bool]] = field(default_factory=dict[_Place, dict[str, bool]])
    steps: dict[_Place, dict[str, bool]] = field(default_factory=dict[_Place, dict[str, bool]])
    sessions: dict[str, dict[str, bool]] = field(default_factory=dict[str, dict[str, bool]])
    consents: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    proven: set[_Step] | None = None
    """The steps of the session at hand that a tool has proven; None where nobody asks for that."""

    @classmethod
    def of(cls, feedback: Iterable[Feedback]) -> "Judge":
        """Sort judgements by the smallest thing they name: call, step, plan, session."""
        judge = cls()
        for said in feedback:
            name = said.name or ""
            if name == CONSENT:
                judge.consents.setdefault(said.session_id or "", set()).add(said.label or "")
            elif said.good is None:
                continue
            elif said.plan_id is not None:
                place = judge.steps.setdefault((said.plan_id, said.step_id), {})
                place[name] = said.good
            elif said.trace_id is not None and said.span_id is not None:
                judge.spans.setdefault((said.trace_id, said.span_id), {})[name] = said.good
            elif said.session_id is not None:
                judge.sessions.setdefault(said.session_id, {})[name] = said.good
        return judge

    def verdict(self, turn: Turn) -> bool | None:
        """What somebody said of the turn, or of what it is a part of; one no outweighs a yes."""
        row = turn.row
        places = (
            self.spans.get((row.trace_id, row.span_id)),
            self.steps.get((row.plan_id, row.step_id)) if row.plan_id and row.step_id else None,
            self.steps.get((row.plan_id, None)) if row.plan_id else None,
            self.sessions.get(row.session_id),
        )
        said = next((place for place in places if place), None)
        return all(said.values()) if said else None

    def plan_verdict(self, plan_id: str) -> bool | None:
        """What somebody said of a plan as a whole."""
        said = self.steps.get((plan_id, None))
        return all(said.values()) if said else None

    def standing(self, turn: Turn) -> Standing:
        """How the turn stands."""
        own = self.spans.get((turn.row.trace_id, turn.row.span_id))
        verdict = self.verdict(turn)
        if verdict is False or own:
            return "good" if verdict else "bad"
        if any(outcome is not None and outcome.is_refused for outcome in turn.outcomes):
            return "bad"
        if verdict:
            return "recovered" if failed(turn) else "good"
        row = turn.row
        ended = row.step_status if row.step_id is not None else row.plan_status
        if ended == "failed":
            return "bad"
        is_proven = self.proven is None or (row.plan_id, row.step_id) in self.proven
        if ended not in {"done", "completed"} or not is_proven:
            return "open"
        return "recovered" if failed(turn) else "good"


def proven(session: Session) -> set[_Step]:
    """The steps whose last tool call with a known outcome worked."""
    last: dict[_Step, bool] = {}
    for turn in session.turns:
        if worked(turn) or failed(turn):
            last[turn.row.plan_id, turn.row.step_id] = worked(turn)
    return {step for step, is_good in last.items() if is_good}


def failed(turn: Turn) -> bool:
    """Whether a tool call of the answer failed, or was refused."""
    return any(o is not None and (o.ok is False or o.is_refused) for o in turn.outcomes)


def worked(turn: Turn) -> bool:
    """Whether the answer asks for tools and all of them are known to have worked."""
    known = turn.outcomes
    return bool(known) and all(o is not None and o.ok is True and not o.is_refused for o in known)


def success_rate(session: Session) -> float:
    """The share of a session's tool calls that worked, of those whose outcome is known."""
    known = [outcome.ok for outcome in session.outcomes if outcome.ok is not None]
    return sum(known) / len(known) if known else 1.0
