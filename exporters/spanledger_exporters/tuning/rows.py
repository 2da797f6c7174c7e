"""Make the rows of each format out of sessions."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import IO, Any, Final

from spanledger_exporters.tuning import chat, pairs, shapes, transcripts
from spanledger_exporters.tuning.branches import branches
from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.chat import Said
from spanledger_exporters.tuning.judging import Judge, worked
from spanledger_exporters.tuning.options import Format
from spanledger_exporters.tuning.records import Plan
from spanledger_exporters.tuning.shapes import Object, Provenance

_ENDED: Final = frozenset({"completed", "failed", "abandoned", "superseded"})


@dataclass(frozen=True, slots=True)
class Made:
    """One row; `mark` is the same for rows of the same content, `sessions` where it is from."""

    row: Object
    provenance: Provenance
    mark: bytes
    chars: int
    sessions: tuple[str, ...]


@dataclass(slots=True)
class Maker:
    """Makes rows of one format; `kept` is a file for answers that may be in a pair later."""

    format: Format
    judge: Judge
    outcomes: frozenset[str]
    refused: Counter[str]
    kept: IO[bytes]
    _choices: dict[bytes, list[pairs.Choice]] = field(
        default_factory=dict[bytes, list[pairs.Choice]]
    )

    def of(self, session: Session) -> Iterator[Made]:
        """The rows that one session gives."""
        makers: dict[Format, Callable[[Session], Iterator[Made]]] = {
            Format.OPENAI: self._branches,
            Format.TRL_SFT: self._branches,
            Format.PROMPT_COMPLETION: self._completions,
            Format.TRL_DPO: self._retries,
            Format.TRL_KTO: self._labelled,
            Format.PLAN: self._plans,
            Format.ATIF: self._trajectories,
            Format.STS: self._traces,
        }
        yield from makers[self.format](session)

    def rest(self) -> Iterator[Made]:
        """The rows that only several sessions together give."""
        for choices in self._choices.values():
            for chosen, rejected, reason in pairs.matched(choices):
                yield self._pair(chosen, rejected, reason)

    def _branches(self, session: Session) -> Iterator[Made]:
        for branch in branches(session, self.judge, self.refused):
            turn = branch.last
            if not self._wanted(turn):
                continue
            row, are = _with_tools({"messages": shapes.messages(turn.whole)}, turn, turn.whole)
            if self.format is Format.OPENAI:
                _weigh(row, branch.skipped)
            yield _made(row, turn, turn.whole, _why_good(turn, self.judge), are)

    def _completions(self, session: Session) -> Iterator[Made]:
        for turn in session.turns:
            standing = self.judge.standing(turn)
            if standing != "good":
                self.refused[f"a turn that is {standing}"] += 1
            elif self._wanted(turn):
                yield _completion(turn, _why_good(turn, self.judge))

    def _labelled(self, session: Session) -> Iterator[Made]:
        for turn in session.turns:
            standing = self.judge.standing(turn)
            if standing not in {"good", "bad"}:
                self.refused[f"a turn that is {standing}: neither desirable nor not"] += 1
            elif self._wanted(turn):
                made = _completion(turn, "desirable" if standing == "good" else "undesirable")
                made.row["label"] = standing == "good"
                yield made

    def _retries(self, session: Session) -> Iterator[Made]:
        for turn in session.turns:
            self._keep(turn)
        for retry in pairs.retries(session, self.judge):
            turn, chosen = retry.rejected, retry.chosen
            if self._wanted(chosen):
                both = (*turn.context, chosen.answer, turn.answer)
                row: Object = {
                    "prompt": shapes.messages(turn.context),
                    "chosen": shapes.messages([chosen.answer]),
                    "rejected": shapes.messages([turn.answer]),
                }
                row, are = _with_tools(row, turn, both)
                yield _made(row, chosen, both, retry.reason, are, turn)

    def _keep(self, turn: Turn) -> None:
        choice = pairs.choice(turn, self.judge, self.kept.tell())
        if choice is None or not self._wanted_pair(turn):
            return
        text = {
            "prompt": shapes.messages(turn.context),
            "answer": shapes.message(turn.answer),
            "mark": chat.fingerprint(turn.whole).hex(),
            "chars": chat.characters(turn.whole),
        }
        tools, are = shapes.definitions(turn, turn.whole)
        about = shapes.provenance(turn, "", are)
        self.kept.write(json.dumps([text, tools, about], ensure_ascii=False).encode() + b"\n")
        place = blake2b(turn.context_key + turn.tools.encode(), digest_size=16).digest()
        self._choices.setdefault(place, []).append(choice)

    def _pair(self, chosen: pairs.Choice, rejected: pairs.Choice, reason: str) -> Made:
        good, tools, about = self._read(chosen.line)
        bad, _, other = self._read(rejected.line)
        row: Object = {"prompt": good["prompt"], "chosen": [good["answer"]]}
        row |= {"rejected": [bad["answer"]], "tools": tools}
        about = Provenance({**about, "reason": reason, "other_span_id": other["span_id"]})
        mark = bytes.fromhex(good["mark"]) + bytes.fromhex(bad["mark"])
        sessions = (chosen.session_id, rejected.session_id)
        return Made(row, about, mark, max(good["chars"], bad["chars"]), sessions)

    def _read(self, line: int) -> tuple[dict[str, Any], Any, Provenance]:
        self.kept.seek(line)
        text, tools, about = json.loads(self.kept.readline())
        return text, tools, about

    def _plans(self, session: Session) -> Iterator[Made]:
        for plan in session.plans:
            request = plan.request or session.request_of(plan.plan_id)
            if plan.outcome not in _ENDED and plan.outcome not in self.outcomes:
                self.refused["a plan that has not ended"] += 1
            elif not request:
                self.refused["a plan whose request was not recorded"] += 1
            elif not self.outcomes or plan.outcome in self.outcomes:
                yield self._plan(session, plan, request)

    def _plan(self, session: Session, plan: Plan, request: str) -> Made:
        row: Object = {
            "request": request,
            "goal": plan.goal or request,
            "steps": json.loads(plan.steps),
            "outcome": plan.outcome,
        }
        verdict = self.judge.plan_verdict(plan.plan_id)
        about = Provenance(
            session_id=session.id,
            agent=plan.agent,
            plan_id=plan.plan_id,
            step_id=None,
            trace_id=plan.trace_id,
            span_id=None,
            other_span_id=None,
            dialect=plan.dialect,
            model=session.turns[0].row.model if session.turns else None,
            step_status=None,
            plan_status=plan.outcome,
            context="recorded",
            tools="none",
            reason="plan ended" if verdict is None else f"judged {'good' if verdict else 'bad'}",
        )
        text = json.dumps(row, ensure_ascii=False)
        return Made(row, about, _mark(text), len(text), (session.id,))

    def _trajectories(self, session: Session) -> Iterator[Made]:
        trajectory = transcripts.atif(session) if self._wanted_session(session) else None
        if trajectory is not None:
            yield _whole(session, trajectory)

    def _traces(self, session: Session) -> Iterator[Made]:
        if self._wanted_session(session):
            for lines in transcripts.sts(session):
                yield _whole(session, {"lines": lines})

    def _wanted(self, turn: Turn) -> bool:
        return not self.outcomes or (turn.row.plan_status or "") in self.outcomes

    def _wanted_pair(self, turn: Turn) -> bool:
        """A pair needs a run that went badly too, whatever outcomes are asked for."""
        return self._wanted(turn) or turn.row.plan_status == "failed"

    def _wanted_session(self, session: Session) -> bool:
        return not self.outcomes or any(plan.outcome in self.outcomes for plan in session.plans)


def _completion(turn: Turn, reason: str) -> Made:
    row: Object = {
        "prompt": shapes.messages(turn.context),
        "completion": shapes.messages([turn.answer]),
    }
    row, are = _with_tools(row, turn, turn.whole)
    return _made(row, turn, turn.whole, reason, are)


def _with_tools(row: Object, turn: Turn, said: Sequence[Said]) -> tuple[Object, str]:
    tools, are = shapes.definitions(turn, said)
    return {**row, "tools": tools}, are


def _made(
    row: Object,
    turn: Turn,
    said: Sequence[Said],
    reason: str,
    are: str,
    other: Turn | None = None,
) -> Made:
    return Made(
        row,
        shapes.provenance(turn, reason, are, other),
        chat.fingerprint(said),
        chat.characters(said),
        (turn.row.session_id,),
    )


def _whole(session: Session, row: Object) -> Made:
    text = json.dumps(row, ensure_ascii=False)
    are = "defined" if any(turn.tools != "[]" for turn in session.turns) else "none"
    about = shapes.provenance(session.turns[0], "session", are)
    return Made(row, about, _mark(text), len(text), (session.id,))


def _weigh(row: Object, skipped: frozenset[int]) -> None:
    """OpenAI's fine-tuning learns nothing from an answer of weight 0."""
    said = row["messages"]
    for number in skipped:
        shown = said[number] if isinstance(said, list) else None
        if isinstance(shown, dict):
            shown["weight"] = 0


def _why_good(turn: Turn, judge: Judge) -> str:
    if judge.verdict(turn):
        return "judged good"
    if turn.row.step_id is None:
        return "plan completed"
    return "step done, tools worked" if worked(turn) else "step done"


def _mark(text: str) -> bytes:
    return blake2b(" ".join(text.casefold().split()).encode(), digest_size=16).digest()
