"""Pair what worked with what did not, and nothing else."""

from dataclasses import replace
from typing import Any

from spanledger_exporters.tuning.calls import Session, Turn
from spanledger_exporters.tuning.chat import Call, Said, keys
from spanledger_exporters.tuning.judging import Judge
from spanledger_exporters.tuning.pairs import Choice, matched, retries
from spanledger_exporters.tuning.records import Outcome, Row

ASKED = (Said("user", "read it"),)


def turn(context: tuple[Said, ...], name: str, path: str, *, ok: bool, step: str = "s1") -> Turn:
    answer = Said("assistant", "text", (Call("c", name, f'{{"path": "{path}"}}'),))
    nothing: dict[str, Any] = dict.fromkeys(Row._fields)
    row = Row(**nothing)._replace(session_id="s", plan_id="p", step_id=step, step_status="done")
    outcome = Outcome("s", "c", name, ok, None)
    return Turn(row, context, answer, keys((*context, answer)), "[]", False, (outcome,))


def after(before: Turn, result: str) -> tuple[Said, ...]:
    return (*before.whole, Said("tool", result, (), "c"))


def found(*turns: Turn) -> list[tuple[str, str]]:
    pairs = retries(Session("s", list(turns)), Judge())
    return [
        (p.chosen.answer.calls[0].arguments, p.rejected.answer.calls[0].arguments) for p in pairs
    ]


def test_a_retry_is_paired_with_each_failed_attempt() -> None:
    first = turn(ASKED, "read", "inventry.txt", ok=False)
    second = turn(after(first, "no"), "read", "inventri.txt", ok=False)
    third = turn(after(second, "no"), "read", "inventory.txt", ok=True)
    right = '{"path": "inventory.txt"}'
    assert found(first, second, third) == [
        (right, '{"path": "inventri.txt"}'),
        (right, '{"path": "inventry.txt"}'),
    ]


def test_no_pair_where_something_was_learnt_in_between() -> None:
    first = turn(ASKED, "read", "inventry.txt", ok=False)
    look = turn(after(first, "no"), "list", ".", ok=True)
    third = turn(after(look, "inventory.txt"), "read", "inventory.txt", ok=True)
    assert found(first, look, third) == []


def test_no_pair_of_other_steps_other_commands_or_the_same_arguments() -> None:
    first = turn(ASKED, "read", "inventry.txt", ok=False)
    assert found(first, turn(after(first, "no"), "read", "inventory.txt", ok=True, step="s2")) == []
    assert found(first, turn(after(first, "no"), "read", "inventry.txt", ok=True)) == []
    assert found(first, turn(after(first, "no"), "read", "q", ok=True)) == []


def test_no_pair_where_the_context_differs() -> None:
    first = turn(ASKED, "read", "inventry.txt", ok=False)
    other = replace(first, keys=keys((Said("user", "other"), first.answer)))
    second = turn(after(first, "no"), "read", "inventory.txt", ok=True)
    assert found(other, second) == []


def choice(session: str, answer: bytes, good: bool | None, run: bool | None) -> Choice:  # noqa: FBT001 # a table
    return Choice(session, answer, good, run, judged=False, line=0)


def test_two_runs_are_paired_by_their_ends_where_the_turns_tell_no_difference() -> None:
    one, two = choice("a", b"1", True, True), choice("b", b"2", True, False)
    assert [reason for *_, reason in matched([one, two])] == ["two runs with different outcomes"]
    assert list(matched([one, choice("b", b"1", True, False)])) == []
    assert list(matched([one, choice("b", b"2", True, True)])) == []
