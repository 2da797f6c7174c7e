"""Sessions and runs put their ids on everything inside."""

import pytest
from opentelemetry.trace import StatusCode

import spanledger
from spanledger import attributes as a

from .conftest import Told


def test_a_session_names_itself_and_its_agent() -> None:
    with spanledger.session("s-1", agent="fixer") as session:
        assert spanledger.current().ids() == {a.SESSION_ID: "s-1", a.AGENT_NAME: "fixer"}
        assert session.id == "s-1"
    assert spanledger.current().ids() == {}


def test_a_session_without_an_id_gets_one_or_goes_on_with_the_one_around_it() -> None:
    with spanledger.session() as outer, spanledger.session(agent="helper") as inner:
        assert outer.id
        assert inner.id == outer.id
        assert spanledger.current().agent == "helper"


def test_another_session_leaves_the_plan_behind(told: Told) -> None:
    with spanledger.session("s-1"), spanledger.plan("g", ["a"], id="p"):
        with spanledger.session("s-1", agent="x"):
            assert spanledger.current().plan_id == "p"
        with spanledger.session("s-2"):
            assert spanledger.current().plan_id is None


def test_a_run_is_a_span_with_an_id(told: Told) -> None:
    with spanledger.session("s"), spanledger.run("fixer", id="r-1") as run:
        assert run.run_id == "r-1"
    (span,) = told.spans("invoke_agent fixer")
    assert span.attributes == {
        a.SESSION_ID: "s",
        a.AGENT_NAME: "fixer",
        a.RUN_ID: "r-1",
        a.OPERATION: "invoke_agent",
    }


def test_a_run_that_fails_says_so_in_its_span(told: Told) -> None:
    with pytest.raises(OSError, match="gone"), spanledger.session("s", agent="x", span=True):
        raise OSError("gone")
    (span,) = told.spans("invoke_agent x")
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})[a.ERROR_TYPE] == "OSError"


def test_foreign_spans_inside_a_step_are_stamped(told: Told) -> None:
    tracer = told.tracers.get_tracer("somebody")
    with spanledger.session("s", agent="x"), spanledger.plan("g", ["a"], id="p") as plan:
        with plan.step("a"), tracer.start_as_current_span("chat"):
            tracer.start_span("own", attributes={a.SESSION_ID: "theirs"}).end()
        tracer.start_span("later").end()
    chat, own, later = (told.spans(name)[0].attributes or {} for name in ("chat", "own", "later"))
    assert (chat[a.SESSION_ID], chat[a.AGENT_NAME]) == ("s", "x")
    assert (chat[a.PLAN_ID], chat[a.STEP_ID]) == ("p", "a")
    assert (own[a.SESSION_ID], own[a.STEP_ID]) == ("theirs", "a")
    assert (later[a.PLAN_ID], later.get(a.STEP_ID)) == ("p", None)


def test_ids_are_texts_whatever_they_were(told: Told) -> None:
    with spanledger.session(17, agent=object), spanledger.plan("g", [], id=4) as plan:
        plan.complete()
    outcome = told.events(a.PLAN_OUTCOME)[0]
    assert (outcome[a.SESSION_ID], outcome[a.PLAN_ID]) == ("17", "4")
