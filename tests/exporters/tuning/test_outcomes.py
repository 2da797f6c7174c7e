"""Say what came of a call by its id, else by the tool's name and when it ran."""

from typing import Any

from spanledger_exporters.tuning.chat import Call
from spanledger_exporters.tuning.outcomes import Outcomes, stretches
from spanledger_exporters.tuning.records import Outcome, Row


def call(call_id: str, name: str = "read") -> Call:
    return Call(call_id, name, "{}")


def ran(call_id: str | None, *, ok: bool, at: int = 15, agent: str | None = None) -> Outcome:
    return Outcome("s", call_id, "read", ok, None, agent, at)


def asked(outcomes: list[Outcome], *calls: Call) -> list[bool | None]:
    found = Outcomes.of(outcomes).asked(calls, (10, 20), "a")
    return [None if outcome is None else outcome.ok for outcome in found]


def test_an_id_says_it_unless_it_was_given_to_two_calls_that_ended_differently() -> None:
    assert asked([ran("c1", ok=False, at=99)], call("c1")) == [False]
    assert asked([ran("c1", ok=True), ran("c1", ok=True)], call("c1")) == [True]
    assert asked([ran("c1", ok=True), ran("c1", ok=False)], call("c1")) == [None]


def test_without_an_id_the_same_tool_that_ran_before_the_next_answer_says_it() -> None:
    assert asked([ran(None, ok=False)], call("c1")) == [False]
    assert asked([ran(None, ok=False, agent="a")], call("c1")) == [False]
    assert asked([ran(None, ok=False, agent="b")], call("c1")) == [None]
    assert asked([ran(None, ok=False, at=20)], call("c1")) == [None]
    assert asked([ran(None, ok=False)], call("c1", "write")) == [None]


def test_several_of_one_tool_are_told_apart_by_their_order_or_not_at_all() -> None:
    both = [ran(None, ok=False, at=11), ran(None, ok=True, at=12)]
    assert asked(both, call("c1"), call("c2")) == [False, True]
    assert asked(both, call("c1")) == [None]
    assert asked([*both, ran("c1", ok=True)], call("c1"), call("c2")) == [True, None]
    assert asked([both[0], ran("c1", ok=True)], call("c1"), call("c2")) == [True, False]


def test_a_stretch_ends_where_the_next_call_begins() -> None:
    nothing: dict[str, Any] = dict.fromkeys(Row._fields)
    rows = [Row(**nothing)._replace(started_us=start) for start in (3, 7)]
    first, last = stretches(rows)
    assert first == (3, 7)
    assert last[0] == 7
    assert last[1] > 1 << 60
