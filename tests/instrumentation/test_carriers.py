"""Session, plan, step and trace cross to other processes in W3C headers and variables."""

import os
import subprocess
import sys

import pytest
from opentelemetry import baggage

import spanledger
from spanledger import _scope
from spanledger import attributes as a

from .conftest import Told

CHILD = """
import spanledger
scope = spanledger.current()
print(scope.session_id, scope.agent, scope.plan_id, scope.step_id, sep="|")
"""


def test_what_was_injected_is_extracted(told: Told) -> None:
    headers: dict[str, str] = {"accept": "text/plain"}
    with (
        spanledger.session("s", agent="x"),
        spanledger.plan("g", ["Read the log"], id="p") as plan,
        plan.step("Read the log"),
    ):
        spanledger.inject(headers)
    step = told.spans("step")[0]
    assert headers["traceparent"].split("-")[2] == f"{step.context.span_id:016x}"
    received = {key.title(): value for key, value in headers.items()}
    with spanledger.extract(received) as found:
        scope = spanledger.current()
        assert (scope.session_id, scope.agent, scope.plan_id) == ("s", "x", "p")
        assert scope.step_id == "read-the-log"
        assert (found.plan_id, found.session_id) == ("p", "s")
        assert baggage.get_all() == {}
        told.tracers.get_tracer("x").start_span("served").end()
    served = told.spans("served")[0]
    assert served.parent is not None
    assert served.parent.span_id == step.context.span_id
    assert (served.attributes or {})[a.STEP_ID] == "read-the-log"


def test_another_process_goes_on_with_the_plan(told: Told) -> None:
    headers: dict[str, str] = {}
    plan = spanledger.start_plan("g", ["Read the log", "Patch it"], id="p")
    with plan:
        spanledger.inject(headers)
        plan.release()
    with spanledger.extract(headers), spanledger.step("Patch it"):
        assert spanledger.current().plan_id == "p"
    changes = told.events(a.STEP_STATUS_CHANGED)
    assert [(e[a.PLAN_ID], e[a.STEP_ID], e[a.STEP_STATUS]) for e in changes] == [
        ("p", "patch-it", "running"),
        ("p", "patch-it", "done"),
    ]
    assert changes[0][a.STEP_ATTEMPT] is None
    assert len(told.events(a.PLAN_REVISED)) == 1
    assert told.events(a.PLAN_OUTCOME) == []
    ended = spanledger.continue_plan("p")
    ended.complete()
    assert [event[a.PLAN_ID] for event in told.events(a.PLAN_OUTCOME)] == ["p"]


def test_a_continued_plan_finds_steps_by_the_ids_it_is_given(told: Told) -> None:
    plan = spanledger.continue_plan("p", [("r", "Read"), ("t", "Test")], revision=3)
    with plan, plan.step("Test"):
        pass
    plan.revise([("r", "Read"), ("t", "Test"), ("n", "Note")], reason="more")
    assert told.events(a.STEP_STATUS_CHANGED)[0][a.STEP_ID] == "t"
    assert told.events(a.PLAN_REVISED)[0][a.PLAN_REVISION] == 4


def test_a_child_process_is_in_the_session_it_was_started_in(told: Told) -> None:
    with (
        spanledger.session("s 1", agent="Jürgen"),
        spanledger.plan("g", ["a"], id="p") as plan,
        plan.step("a"),
    ):
        environment = {**os.environ, **spanledger.environment()}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "s 1|Jürgen|p|a"


def test_spans_of_a_child_process_are_under_the_parents_span(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    monkeypatch.setenv("TRACEPARENT", f"00-{trace_id}-b7ad6b7169203331-01")
    monkeypatch.setenv("BAGGAGE", f"{a.SESSION_ID}=s,other=1")
    _scope.inherited.cache_clear()
    with spanledger.run("x"):
        pass
    (span,) = told.spans("invoke_agent x")
    assert f"{span.context.trace_id:032x}" == trace_id
    assert (span.attributes or {})[a.SESSION_ID] == "s"


def test_nonsense_in_headers_is_no_scope(told: Told) -> None:
    with spanledger.extract({"traceparent": "00-zz", "baggage": ";;==,\x00"}):
        assert spanledger.current().ids() == {}
