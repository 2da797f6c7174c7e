"""Find preference pairs: two answers to the same context of which one worked and the other not."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from spanledger_exporters.decoding.values import Json
from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.judging import Judge, failed, worked

_ALIKE: Final = 0.6
"""How alike the arguments of a retried call are at least: `inventry.txt` and `inventory.txt` are,
`ls` and `cat quota.txt` are not, and prefer nothing."""


@dataclass(frozen=True, slots=True)
class Retry:
    """A tool call that failed and the one that put it right; both as answers to `rejected.context`.

    Their texts are dropped: "The name was misspelt, trying again" is no answer to a context in
    which nothing has failed yet.
    """

    chosen: Turn
    rejected: Turn
    reason: str


def retries(session: Session, judge: Judge) -> Iterator[Retry]:
    """Calls that failed, or that a person refused, and were then made right in the same step.

    Nothing may have happened in between but more failures of the same tool: what another call
    told would be part of the second context and not of the first.
    """
    by_key = {turn.key: turn for turn in session.turns}
    seen: set[bytes] = set()
    for chosen in by_key.values():
        if not _is_single(chosen) or not worked(chosen) or judge.verdict(chosen) is False:
            continue
        for rejected in _attempts_before(chosen, by_key):
            if rejected.key not in seen and _put_right(rejected, chosen):
                seen.add(rejected.key)
                yield Retry(_bare(chosen), _bare(rejected), _reason(rejected))


def _attempts_before(chosen: Turn, by_key: dict[bytes, Turn]) -> Iterator[Turn]:
    """The failed attempts right before a call, the last one first."""
    number = len(chosen.context) - 1
    while number > 0 and chosen.context[number].role == "tool":
        number -= 1
        if chosen.context[number].role != "assistant":
            return
        turn = by_key.get(chosen.keys[number + 1])
        if turn is None or not _is_single(turn) or not failed(turn) or not _same(turn, chosen):
            return
        yield turn
        number -= 1


def _is_single(turn: Turn) -> bool:
    return len(turn.answer.calls) == 1


def _same(one: Turn, other: Turn) -> bool:
    return (
        one.answer.calls[0].name == other.answer.calls[0].name
        and (one.row.plan_id, one.row.step_id) == (other.row.plan_id, other.row.step_id)
        and one.tools == other.tools
    )


def _put_right(rejected: Turn, chosen: Turn) -> bool:
    before, after = (
        json.dumps(_values(json.loads(turn.answer.calls[0].arguments)))
        for turn in (rejected, chosen)
    )
    return before != after and difflib.SequenceMatcher(None, before, after).ratio() >= _ALIKE


def _values(arguments: Json) -> list[Json]:
    """What was given, without the names, which are the same for all calls of a tool."""
    if isinstance(arguments, dict):
        return [value for name in sorted(arguments) for value in _values(arguments[name])]
    if isinstance(arguments, list):
        return [value for item in arguments for value in _values(item)]
    return [arguments]


def _bare(turn: Turn) -> Turn:
    return replace(turn, answer=replace(turn.answer, content=""))


def _reason(rejected: Turn) -> str:
    is_refused = any(o is not None and o.is_refused for o in rejected.outcomes)
    return "refused, then accepted" if is_refused else "failed, then succeeded"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a context, kept until all sessions have been read; `line` is where it is."""

    session_id: str
    answer: bytes
    good: bool | None
    run: bool | None
    """How the whole run ended; counts where the turns themselves tell no difference."""
    judged: bool
    line: int


def choice(turn: Turn, judge: Judge, line: int) -> Choice | None:
    """What a turn can be in a pair; None when nothing is known of how it went."""
    standing = judge.standing(turn)
    good = {"good": True, "bad": False}.get(standing)
    run = {"completed": True, "failed": False}.get(turn.row.plan_status or "")
    if good is None and run is None:
        return None
    judged = judge.verdict(turn) is not None
    return Choice(turn.row.session_id, turn.key, good, run, judged, line)


def matched(choices: Sequence[Choice]) -> Iterator[tuple[Choice, Choice, str]]:
    """Pairs among the answers to one context: chosen, rejected, why; an answer is in one pair."""
    if len(choices) > 1:
        yield from _by([(c, c.good) for c in choices], "")
        if len({c.good for c in choices if c.good is not None}) < 2:  # noqa: PLR2004 # a difference
            yield from _by([(c, c.run) for c in choices], "two runs with different outcomes")


def _by(
    labelled: Sequence[tuple[Choice, bool | None]], reason: str
) -> Iterator[tuple[Choice, Choice, str]]:
    good = {c.answer: c for c, label in reversed(labelled) if label is True}
    bad = {c.answer: c for c, label in reversed(labelled) if label is False}
    # An answer that did well once and badly another time is neither.
    chosen = next((c for key, c in reversed(good.items()) if key not in bad), None)
    if chosen is None:
        return
    for key, rejected in reversed(bad.items()):
        if key not in good:
            yield chosen, rejected, reason or _why(chosen, rejected)


def _why(chosen: Choice, rejected: Choice) -> str:
    if chosen.judged or rejected.judged:
        return "judged differently"
    if chosen.session_id == rejected.session_id:
        return "two attempts at the same step"
    return "two runs with different outcomes"
