"""An exception is told with its context, once, and goes on its way unchanged."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

import spanledger
from spanledger import attributes as a
from spanledger.errors_values import Budget, shown

from .conftest import Event, Told


class Hostile:
    """Fails, or counts, whenever anybody looks at it."""

    looked = 0

    def _look(self, *_: object) -> NoReturn:
        Hostile.looked += 1
        raise RuntimeError("hands off")

    __repr__ = __str__ = __eq__ = __hash__ = __len__ = __iter__ = __bool__ = _look
    __getattr__ = _look

    @property
    def name(self) -> str:
        return self._look()


class WordlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def one(told: Told) -> Event:
    (event,) = told.events(a.ERROR_CAPTURED)
    return event


def variables(told: Told) -> dict[str, Any]:
    frames = json.loads(str(one(told)[a.ERROR_LOCALS]))
    return dict(frames[-1]["locals"])


@spanledger.capture_errors
def divide(dividend: int, divisor: int) -> float:
    half = dividend / 2
    return half / divisor


def test_type_words_stack_and_variables_are_told(told: Told) -> None:
    with spanledger.session("s", agent="fixer"), pytest.raises(ZeroDivisionError):
        divide(6, 0)
    event = one(told)
    assert event[a.EXCEPTION_TYPE] == event[a.ERROR_TYPE] == "ZeroDivisionError"
    assert event[a.ERROR_MESSAGE] == "float division by zero"
    assert "in divide" in str(event[a.EXCEPTION_STACKTRACE])
    assert str(event[a.CODE_FUNCTION]).endswith(".divide")
    assert event[a.SESSION_ID] == "s"
    assert event.severity == "ERROR"
    assert variables(told) == {"dividend": 6, "divisor": 0, "half": 3.0}


def test_it_is_on_the_active_span_and_told_once(told: Told) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        spanledger.capture_errors(),
        told.tracers.get_tracer("mine").start_as_current_span("work") as span,
        spanledger.capture_errors(),
    ):
        divide(1, 0)
    assert one(told).span_id == span.get_span_context().span_id


def test_every_kind_of_function_stays_what_it_is(told: Told) -> None:
    @spanledger.capture_errors()
    async def awaited() -> None:
        raise ValueError("awaited")

    @spanledger.capture_errors()
    def generated() -> Generator[int]:
        yield 1
        raise ValueError("generated")

    @spanledger.capture_errors()
    async def streamed() -> AsyncGenerator[int]:
        yield 1
        raise ValueError("streamed")

    async def drain() -> None:
        async for _ in streamed():
            pass

    runs: tuple[Callable[[], object], ...] = (
        lambda: asyncio.run(awaited()),
        lambda: list(generated()),
        lambda: asyncio.run(drain()),
    )
    for run in runs:
        with pytest.raises(ValueError, match=r"ed$"):
            run()
    words = [event[a.ERROR_MESSAGE] for event in told.events(a.ERROR_CAPTURED)]
    assert words == ["awaited", "generated", "streamed"]


def test_causes_and_groups_are_told(told: Told) -> None:
    inner = ValueError("bad value")
    inner.__cause__ = KeyError("key")
    with pytest.raises(ExceptionGroup), spanledger.capture_errors():
        raise ExceptionGroup("two", [inner, OSError("disk")])
    chain = json.loads(str(one(told)[a.ERROR_CHAIN]))
    assert [(link["type"], link["via"]) for link in chain] == [
        ("ValueError", "member"),
        ("OSError", "member"),
        ("KeyError", "cause"),
    ]


def test_secrets_are_masked_by_name_and_by_look(told: Told) -> None:
    secret = "hunter" + "22"  # in one piece it would be in the stack, as source
    with pytest.raises(ValueError, match="ghp_"), spanledger.capture_errors():
        _connect(secret, {"api_key": "abc", "url": "postgres://me:pass12@db/x", "port": 1})
    found = variables(told)
    assert found["password"] == "[redacted:name]"
    assert found["options"] == {
        "api_key": "[redacted:name]",
        "url": "postgres://me:[redacted:url-password]@db/x",
        "port": 1,
    }
    assert one(told)[a.ERROR_MESSAGE] == "no luck with [redacted:github-token]"
    assert secret not in str(told.events())


def _connect(password: str, options: dict[str, object]) -> NoReturn:
    raise ValueError("no luck with ghp_" + "a1" * 18 if password and options else "")


def test_variables_are_chosen_by_name(told: Told) -> None:
    def work(kept: int, dropped: int) -> NoReturn:
        raise ValueError(kept + dropped)

    only_kept = spanledger.capture_errors(allow=["kept"])
    all_but_kept = spanledger.capture_errors(deny=["kept"])
    for capture, expected in ((only_kept, ["kept"]), (all_but_kept, ["dropped"])):
        with pytest.raises(ValueError, match="3"), capture:
            work(1, 2)
        frames = json.loads(str(told.events(a.ERROR_CAPTURED)[-1][a.ERROR_LOCALS]))
        assert list(frames[-1]["locals"]) == expected


@pytest.mark.parametrize(
    ("word", "expected"), [("0", None), ("types", {"number": "<int>", "text": "<str>"})]
)
def test_variables_can_be_types_only_or_nothing(
    told: Told, settings: pytest.MonkeyPatch, word: str, expected: object
) -> None:
    settings.setenv("SPANLEDGER_CAPTURE_LOCALS", word)

    def work(number: int, text: str) -> NoReturn:
        raise ValueError(text * number)

    with pytest.raises(ValueError, match="x"), spanledger.capture_errors():
        work(1, "x")
    assert (variables(told) if expected else one(told)[a.ERROR_LOCALS]) == expected


def test_a_hostile_object_is_never_looked_at(told: Told) -> None:
    def work(thing: Hostile, things: list[object]) -> NoReturn:
        raise WordlessError(thing if things else None)

    Hostile.looked = 0
    with pytest.raises(WordlessError), spanledger.capture_errors():
        work(Hostile(), [Hostile(), {"x": Hostile()}])
    name = f"<{__name__}.Hostile>"
    assert variables(told) == {"thing": name, "things": [name, {"x": name}]}
    assert one(told)[a.ERROR_MESSAGE] == "<no words for it: str() raised ValueError>"
    assert Hostile.looked == 0


def test_what_is_deep_wide_or_long_is_cut(told: Told) -> None:
    ring: list[object] = []
    ring.append(ring)
    assert shown(ring, Budget()) == [[[["<list of 1>"]]]]
    assert shown(list(range(100)), Budget()) == [*range(20), "… 80 more"]
    assert shown("x" * 1000, Budget()) == "x" * 200 + "… (1000 characters)"
    assert shown(10**5000, Budget()) == "<int of 16610 bits>"
    assert len(json.dumps(shown([[[0] * 20] * 20] * 20, Budget()))) < 5000
    assert told.events() == []


def test_the_state_and_the_call_in_flight_are_told(told: Told, full_content: None) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        spanledger.llm_call("openai", "gpt-x"),
        spanledger.capture_errors(state_key="tasks", state=lambda: {"b": 1, "a": 2}),
    ):
        divide_plain(0)
    event = one(told)
    assert event[a.ERROR_STATE_KEY] == "tasks"
    assert event[a.ERROR_STATE_SNAPSHOT] == '{"a":2,"b":1}'
    assert event[a.ERROR_CALL_MODEL] == "gpt-x"
    (call,) = told.spans("chat gpt-x")
    context = call.get_span_context()
    assert context is not None
    assert event[a.ERROR_CALL_SPAN_ID] == f"{context.span_id:016x}"


def divide_plain(number: int) -> float:
    return 1 / number


def test_a_part_that_fails_costs_itself(told: Told) -> None:
    def gone() -> object:
        raise LookupError("state is gone")

    with pytest.raises(ZeroDivisionError), spanledger.capture_errors(state=gone):
        divide_plain(0)
    assert one(told)[a.ERROR_FAULTS] == ("LookupError",)
    assert one(told)[a.ERROR_LOCALS] is not None


def test_one_variable_switches_it_off(told: Told, settings: pytest.MonkeyPatch) -> None:
    settings.setenv("SPANLEDGER_CAPTURE_ERRORS", "0")
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)
    assert told.events() == []


def test_interrupts_and_exits_are_no_errors(told: Told) -> None:
    for ending in (KeyboardInterrupt, SystemExit, asyncio.CancelledError):
        with pytest.raises(ending), spanledger.capture_errors():
            raise ending
    assert told.events() == []


@pytest.fixture
def hooks() -> Iterator[None]:
    before = sys.excepthook, threading.excepthook
    # What pytest puts there would make the test fail for the very thread that is to fail.
    sys.excepthook = lambda *_: None
    threading.excepthook = lambda *_: None
    yield
    sys.excepthook, threading.excepthook = before


def test_what_nobody_catches_is_told(told: Told, hooks: None) -> None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    uninstall = spanledger.install_excepthook(loop=loop)
    thread = threading.Thread(target=divide_plain, args=(0,))
    thread.start()
    thread.join()
    error = ValueError("main")
    sys.excepthook(ValueError, error, None)
    loop.call_exception_handler({"message": "m", "exception": OSError("task")})
    uninstall()
    sys.excepthook(ValueError, ValueError("later"), None)
    loop.close()
    words = [event[a.ERROR_MESSAGE] for event in told.events(a.ERROR_CAPTURED)]
    assert words == ["division by zero", "main", "task"]


@profile(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
        max_leaves=50,
    )
)
def test_any_value_is_shown_as_bounded_json(value: object) -> None:
    text = json.dumps(shown(value, Budget()), ensure_ascii=False)
    assert len(text.encode("utf-8")) < 500_000
