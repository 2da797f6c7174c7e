"""Actions are numbered, told once, chained, and say how they ended only if they know."""

import threading
import time
from collections.abc import Callable

import pytest

import spanledger
from spanledger import attributes as a
from spanledger.actions import Action, Reason, Resolver, Source

from .conftest import Told


def write(name: str, delta: object = None) -> Action:
    return spanledger.record_action("file_write", target_kind="file", target_id=name, delta=delta)


def test_what_is_said_of_an_action_is_told(told: Told, full_content: None) -> None:
    with spanledger.session("a-1", agent="doer"):
        spanledger.record_action(
            "commit",
            target_kind="repository",
            target_id="app",
            scope_kind="workspace",
            scope_id="/srv/app",
            delta={"files": 2, "token": "abc"},
            source=Source.TOOL,
            resolver_path=Resolver.PLANNER,
            reason_code=Reason.PLAN_STEP,
            outcome="success",
            authoritative=True,
        )
    (event,) = told.events()
    assert [event[key] for key in (a.ACTION_SEQ, a.ACTION_TYPE, a.ACTION_TARGET_ID)] == [
        1,
        "commit",
        "app",
    ]
    assert (event[a.ACTION_SOURCE], event[a.ACTION_RESOLVER_PATH]) == ("tool", "planner")
    assert (event[a.ACTION_REASON_CODE], event[a.ACTION_OUTCOME]) == ("plan_step", "success")
    assert event[a.ACTION_DELTA] == '{"files":2,"token":"[redacted:name]"}'
    assert event[a.ACTION_MEANINGFUL] is True


def test_only_who_is_authoritative_tells_the_outcome(told: Told) -> None:
    spanledger.record_action("x", target_kind="y", target_id="outcome", outcome="success")
    assert told.events()[0][a.ACTION_OUTCOME] is None


def test_numbers_go_up_within_a_session_across_threads(told: Told) -> None:
    def work(number: int) -> None:
        write(f"many-{number}")

    with spanledger.session("a-2"):
        carried: Callable[[int], None] = spanledger.carry(work)
        threads = [threading.Thread(target=carried, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with spanledger.session("a-3"):
        write("other")
    numbers = [event[a.ACTION_SEQ] for event in told.events()]
    assert sorted(map(str, numbers[:-1]), key=int) == [str(n) for n in range(1, 21)]
    assert numbers[-1] == 1


def test_the_same_action_within_the_window_is_told_once(
    told: Told, settings: pytest.MonkeyPatch
) -> None:
    settings.setenv("SPANLEDGER_ACTION_WINDOW_MS", "10")  # at least 300 it is
    with spanledger.session("a-4"):
        first, again = write("a", {"n": 1}), write("a", {"n": 1})
        other = write("a", {"n": 2})
        time.sleep(0.31)
        later = write("a", {"n": 1})
    assert (again.id, again.is_duplicate) == (first.id, True)
    assert len({first.id, other.id, later.id}) == 3
    assert first.dedupe_key == again.dedupe_key == later.dedupe_key != other.dedupe_key
    assert len(told.events()) == 3


def test_what_an_action_leads_to_names_it(told: Told) -> None:
    with spanledger.session("a-5"):
        with write("outer") as outer:
            with write("inner") as inner:
                write("innermost")
            write("second")
        write("after")
    parents = [event[a.ACTION_PARENT_ID] for event in told.events()]
    assert parents == [None, outer.id, inner.id, outer.id, None]


@pytest.mark.parametrize(
    ("delta", "expected"), [(None, True), ({}, False), ([], False), ({"n": 0}, True)]
)
def test_an_empty_delta_means_nothing(told: Told, delta: object, expected: object) -> None:
    write(f"delta {delta}", delta)
    assert told.events()[0][a.ACTION_MEANINGFUL] is expected


def test_words_nobody_knows_become_the_plain_ones(told: Told) -> None:
    spanledger.record_action(
        "x", target_kind="y", target_id="words", source="martian", reason_code="whim",
        resolver_path="?", outcome="maybe", authoritative=True,
    )  # fmt: skip
    event = told.events()[0]
    assert (event[a.ACTION_SOURCE], event[a.ACTION_REASON_CODE]) == ("agent", "other")
    assert (event[a.ACTION_RESOLVER_PATH], event[a.ACTION_OUTCOME]) == ("direct", "unknown")
