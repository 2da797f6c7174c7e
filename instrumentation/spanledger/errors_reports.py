"""Put together what is told of an exception: stack, causes, variables, the agent's state."""

import hashlib
import json
import os
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Final

from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._text import content, shortened, tells_titles
from spanledger.errors_values import Budget, Choice, class_of, locals_of
from spanledger.redaction import redact
from spanledger.state_patches import canonical

_MAX_FRAMES: Final = 5
_MAX_STACK: Final = 40
_MAX_CHAIN: Final = 10
_MAX_STACKTRACE: Final = 16_384
_OFF: Final = frozenset({"0", "false", "off", "no", "none"})


@dataclass(frozen=True, slots=True)
class Found:
    """The state an error was found in: its name, and the state or a way to get it."""

    key: str
    state: object | Callable[[], object]


def report(error: BaseException, choice: Choice, found: Found | None) -> dict[str, AttributeValue]:
    """The attributes of the event. Each part that fails is left out; the rest is told."""
    told: dict[str, AttributeValue] = {
        a.EXCEPTION_TYPE: name_of(error),
        a.ERROR_TYPE: name_of(error),
    }
    parts: tuple[Callable[[], Mapping[str, AttributeValue]], ...] = (
        lambda: {a.ERROR_MESSAGE: message_of(error)},
        lambda: {a.EXCEPTION_STACKTRACE: _stacktrace(error)},
        lambda: _place(error),
        lambda: _locals(error, choice),
        lambda: _chain(error),
        lambda: _state(found),
        _call_in_flight,
    )
    faults: list[str] = []
    for part in parts:
        try:
            told.update(part())
        except Exception as fault:  # noqa: BLE001 - strangers' objects may fail in any way
            faults.append(name_of(fault))
    return told | {a.ERROR_FAULTS: faults} if faults else told


def name_of(error: BaseException) -> str:
    """The exception's class, with its module unless it is Python's own."""
    return class_of(error).strip("<>")


def message_of(error: BaseException) -> str:
    """The exception's words; a word about it if it has trouble with them."""
    try:
        return shortened(redact(str(error)))
    except Exception as fault:  # noqa: BLE001 - a stranger's __str__ may raise anything
        return f"<no words for it: str() raised {name_of(fault)}>"


def _stacktrace(error: BaseException) -> str:
    found = traceback.TracebackException.from_exception(error, limit=-_MAX_STACK, compact=True)
    return shortened(redact("".join(found.format())), _MAX_STACKTRACE)


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    """The frames it went through, without ours, and the line in each; the failing one last."""
    for frame, line in traceback.walk_tb(error.__traceback__):
        if not str(frame.f_globals.get("__name__", "")).startswith("spanledger."):
            yield frame, line


def _place(error: BaseException) -> dict[str, AttributeValue]:
    frames = list(_frames(error))
    if not frames:
        return {}
    frame, line = frames[-1]
    module = frame.f_globals.get("__name__", "?")
    return {
        a.CODE_FUNCTION: f"{module}.{frame.f_code.co_qualname}",
        a.CODE_FILE: frame.f_code.co_filename,
        a.CODE_LINE: line,
    }


def _locals(error: BaseException, choice: Choice) -> dict[str, AttributeValue]:
    word = os.environ.get("SPANLEDGER_CAPTURE_LOCALS", "").strip().lower()
    if word in _OFF:
        return {}
    has_values = choice.has_values and word != "types" and tells_titles()
    choice = Choice(choice.allow, choice.deny, has_values)
    budget = Budget()
    # The innermost frame has the first claim on the budget, and is the last in the list.
    shown = [
        {
            "function": frame.f_code.co_qualname,
            "file": frame.f_code.co_filename,
            "line": line,
            "locals": locals_of(frame, choice, budget),
        }
        for frame, line in reversed(list(_frames(error))[-_MAX_FRAMES:])
    ]
    if not shown:
        return {}
    return {a.ERROR_LOCALS: json.dumps(shown[::-1], ensure_ascii=False)}


def _chain(error: BaseException) -> dict[str, AttributeValue]:
    links = list(_links(error))[:_MAX_CHAIN]
    if not links:
        return {}
    chain = [
        {"type": name_of(other), "message": message_of(other), "via": via} for other, via in links
    ]
    return {a.ERROR_CHAIN: json.dumps(chain, ensure_ascii=False)}


def _links(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """Members of a group, then causes and contexts: breadth first, each once, few of them."""
    seen = {id(error)}
    waiting = [error]
    while waiting and len(seen) <= 4 * _MAX_CHAIN:
        for other, via in _next_links(waiting.pop(0)):
            if id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
                yield other, via


def _next_links(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    if isinstance(error, BaseExceptionGroup):
        yield from ((member, "member") for member in error.exceptions)
    if error.__cause__ is not None:
        yield error.__cause__, "cause"
    elif error.__context__ is not None and not error.__suppress_context__:
        yield error.__context__, "context"


def _state(found: Found | None) -> dict[str, AttributeValue]:
    if found is None:
        return {}
    text = canonical(found.state() if callable(found.state) else found.state)
    told: dict[str, AttributeValue] = {
        a.ERROR_STATE_KEY: found.key,
        a.ERROR_STATE_HASH: hashlib.sha256(text.encode()).hexdigest(),
    }
    snapshot = content(redact(text))
    return told if snapshot is None else told | {a.ERROR_STATE_SNAPSHOT: snapshot}


def _call_in_flight() -> dict[str, AttributeValue]:
    call = _scope.current().call
    if call is None:
        return {}
    return {a.ERROR_CALL_MODEL: call.model, a.ERROR_CALL_SPAN_ID: call.span_id}
