"""Find what came of the tool calls that an answer asks for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from spanledger_exporters.tuning.chat import Call
from spanledger_exporters.tuning.records import Outcome, Row

Stretch = tuple[int, int]
"""From the start of a model call up to that of the next one of its agent, in microseconds."""
_NEVER_US: Final = 1 << 63


@dataclass(slots=True)
class Outcomes:
    """The tool calls of one session: those with an id, and those of emitters that tell none."""

    _by_id: dict[str, list[Outcome]] = field(default_factory=dict[str, list[Outcome]])
    _nameless: list[Outcome] = field(default_factory=list[Outcome])

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Outcomes":
        """Sorted by id."""
        found = cls()
        for outcome in outcomes:
            if outcome.call_id is None:
                found._nameless.append(outcome)
            else:
                found._by_id.setdefault(outcome.call_id, []).append(outcome)
        return found

    def asked(
        self, calls: Sequence[Call], stretch: Stretch, agent: str | None
    ) -> tuple[Outcome | None, ...]:
        """What came of each call, None where nobody told."""
        return tuple(
            self._known(call.id) if call.id in self._by_id else loose
            for call, loose in zip(calls, self._loose(calls, stretch, agent), strict=True)
        )

    def _known(self, call_id: str) -> Outcome | None:
        """Ids that were given twice say it only if both ended alike."""
        found = self._by_id[call_id]
        return found[0] if len({(o.ok, o.is_refused) for o in found}) == 1 else None

    def _loose(
        self, calls: Sequence[Call], stretch: Stretch, agent: str | None
    ) -> Iterator[Outcome | None]:
        """By name and order, if as many of a tool ran before the next call as were asked for.

        LangChain's spans have the call's id only when the tool has succeeded.
        """
        first, end = stretch
        ran = [o for o in self._nameless if first <= (o.started_us or 0) < end]
        ran = [o for o in ran if o.agent is None or o.agent == agent]
        unknown = [call.name for call in calls if call.id not in self._by_id]
        for number, call in enumerate(calls):
            same = [outcome for outcome in ran if outcome.tool == call.name]
            if call.id in self._by_id or len(same) != unknown.count(call.name):
                yield None
            else:
                before = calls[:number]
                place = sum(c.name == call.name and c.id not in self._by_id for c in before)
                yield same[place]


def stretches(rows: Sequence[Row]) -> list[Stretch]:
    """The stretch of each model call of one agent, given in order of time."""
    starts = [row.started_us or 0 for row in rows]
    return list(zip(starts, [*starts[1:], _NEVER_US], strict=True))
