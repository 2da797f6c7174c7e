"""Choose the conversations to learn from by imitation: one a branch, as far as it went well."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.judging import Judge


@dataclass(frozen=True, slots=True)
class Branch:
    """A conversation up to its last good turn; `skipped` are its messages not to be learnt.

    Those are answers whose tool call failed and that were put right later on: numbers of messages.
    """

    last: Turn
    skipped: frozenset[int]


def branches(session: Session, judge: Judge, refused: Counter[str]) -> Iterator[Branch]:
    """Every leaf of the session's tree of conversations, cut before the first turn not good.

    What is left out is counted by reason.
    """
    by_key = {turn.key: turn for turn in session.turns}
    inner = {key for turn in by_key.values() for key in turn.keys[:-1]}
    for turn in by_key.values():
        if turn.key not in inner:
            branch = _cut(turn, by_key, judge, refused)
            if branch is not None:
                yield branch


def _cut(
    leaf: Turn, by_key: dict[bytes, Turn], judge: Judge, refused: Counter[str]
) -> Branch | None:
    last: Turn | None = None
    skipped: set[int] = set()
    for number, said in enumerate(leaf.whole):
        if said.role != "assistant":
            continue
        turn = by_key.get(leaf.keys[number + 1])
        if turn is None:
            refused["an answer in the history whose call was not recorded, and what follows"] += 1
            break
        standing = judge.standing(turn)
        if standing == "recovered":
            skipped.add(number)
        elif standing == "good":
            last = turn
        else:
            refused[f"a turn that is {standing}, and what follows it"] += 1
            break
    if last is None:
        return None
    return Branch(last, frozenset(n for n in skipped if n < len(last.whole)))
