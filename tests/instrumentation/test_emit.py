"""Whatever an agent hands over, it never hears of it, and what is told can be sent."""

import contextlib
import logging
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import spanledger
from spanledger import attributes as a
from spanledger._emit import guarded
from spanledger._text import clean, content, reread_settings, shortened, title

from .conftest import Records, Told


class Hostile:
    """Fails at everything that can be asked of it."""

    def _fail(self, *_args: object) -> NoReturn:
        raise RuntimeError("hostile")

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __getattr__ = _fail


class HostileMapping(Mapping[str, object]):
    """A mapping that fails when it is read."""

    def __getitem__(self, key: str) -> NoReturn:
        raise RuntimeError(key)

    def __iter__(self) -> NoReturn:
        raise RuntimeError("hostile")

    def __len__(self) -> int:
        return 1


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.sampled_from(["\ud800", "\x00", "x" * 20_000, 1 << 80])
    | st.builds(object)
    | st.builds(Hostile)
    | st.builds(HostileMapping),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.usefixtures("full_content")
@given(first=ANYTHING, second=ANYTHING, many=st.lists(ANYTHING, max_size=4))
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_is_handed_over_is_heard_of_again(
    first: Any, second: Any, many: list[Any]
) -> None:
    tracers, loggers = TracerProvider(), LoggerProvider()
    spans, logs = InMemorySpanExporter(), Records()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
    with spanledger.using(tracers, loggers):
        tell(first, second, many)
    # An exporter must be able to encode it: one bad value would cost the whole batch.
    encode_spans(spans.get_finished_spans()).SerializeToString()
    encode_logs(logs.kept).SerializeToString()


def tell(first: Any, second: Any, many: list[Any]) -> None:
    with (
        spanledger.session(first, agent=second, span=True),
        spanledger.agent(second, first) as task,
        spanledger.plan(first, many, request=second, id=second) as plan,
    ):
        task.result(first)
        task.error(second)
        with plan.step(first, capture_output=True) as step:
            step.output(first, stdout=second, stderr=many)
            step.block(second)
        plan.revise(second, first, second)
        plan.step(second).fail(first)
        with spanledger.llm_call(first, second, many) as call:
            call.response(first, messages=second, model=second, input_tokens=first)
            with contextlib.suppress(TypeError):
                list(call.stream(many))
        with spanledger.tool_call(first, second, id=first) as tool:
            tool.result(many)
        spanledger.rate_limited(first, second)
        spanledger.emit("spanledger.test", {"a": first, "b": many}, body=second)
        spanledger.continue_plan(first, many).step(second).skip(first)
        plan.pause(first)
        plan.abandon(second)


def test_a_fault_of_ours_is_said_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    before = spanledger.faults().get("a test: ZeroDivisionError", 0)
    for _ in range(3):
        with guarded("a test"):
            _ = 1 / 0
    assert spanledger.faults()["a test: ZeroDivisionError"] == before + 3
    said = [record for record in caplog.records if "a test" in record.getMessage()]
    assert len(said) == (0 if before else 1)
    assert said[0].levelno == logging.WARNING


def test_a_guarded_function_gives_back_nothing_when_it_fails() -> None:
    @guarded("another test")
    def fails() -> None:
        raise KeyError("x")

    fails()
    with pytest.raises(KeyboardInterrupt):
        guarded("a test")(interrupted)()


def interrupted() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("variable", ["SPANLEDGER_DISABLED", "SPANLEDGER_NO_RECORDING"])
def test_switched_off_nothing_is_told_and_everything_works(
    told: Told, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "1")
    reread_settings()
    with (
        spanledger.session("s"),
        spanledger.plan("g", ["a"]) as plan,
        plan.step("a") as step,
        spanledger.llm_call("p", "m"),
    ):
        told.tracers.get_tracer("x").start_span("foreign").end()
    assert (plan.status, step.status) == ("completed", "done")
    assert told.events() == []
    assert [dict(span.attributes or {}) for span in told.spans()] == [{}]


@pytest.mark.parametrize(
    ("value", "shows_title", "shows_text"),
    [(None, True, False), ("1", True, True), ("ALL", True, True), ("titles", True, False),
     ("0", False, False), ("false", False, False)],
)  # fmt: skip
def test_content_obeys_one_variable(
    monkeypatch: pytest.MonkeyPatch, value: str | None, *, shows_title: bool, shows_text: bool
) -> None:
    if value is not None:
        monkeypatch.setenv("SPANLEDGER_CAPTURE_CONTENT", value)
    reread_settings()
    assert title("t") == ("t" if shows_title else None)
    assert content("c") == ("c" if shows_text else None)


def test_without_titles_a_step_still_has_the_same_id_everywhere(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANLEDGER_CAPTURE_CONTENT", "0")
    reread_settings()
    for _ in range(2):
        with spanledger.plan("secret goal", ["Secret step"]) as plan, plan.step("Secret step"):
            pass
    assert "ecret" not in str(told.events())
    assert len({step for step, _ in told.statuses()}) == 1


def test_a_long_text_is_cut_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_MAX_CONTENT", "90")
    reread_settings()
    cut = shortened("a" * 1000 + "z" * 1000)
    assert cut == "a" * 60 + "…[1910 characters cut]…" + "z" * 30
    assert shortened("short") == "short"


def test_secrets_are_masked_in_titles_texts_and_messages(told: Told, full_content: None) -> None:
    token = "ghp_" + "a1B2" * 9
    with spanledger.plan(f"use {token}", ["a"]) as plan, plan.step("a") as step:
        step.output(f"token {token}")
        with spanledger.llm_call("p", "m", f"my token is {token}"):
            pass
    assert token not in str(told.events()) + str([dict(s.attributes or {}) for s in told.spans()])
    assert "redacted" in str(told.events(a.PLAN_REVISED)[0][a.PLAN_GOAL])


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("\ud800x", "?x"),
        (1 << 70, "0x400000000000000000"),
        ({1: "a", "b": [None, True]}, {"1": "a", "b": [None, True]}),
        (object, "<class 'object'>"),
    ],
)
def test_values_are_made_fit_to_send(value: object, sent: object) -> None:
    assert clean(value) == sent
