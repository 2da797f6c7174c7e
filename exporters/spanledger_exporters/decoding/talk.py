"""Find the messages of a model call in its record and say what is new in them.

A history repeats everything with every call: only what follows the last word of the assistant is
new. The columns (`promoted.TALK`) hold that, so that nobody reads the histories again.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from spanledger_exporters import promoted
from spanledger_exporters.decoding import llamaindex
from spanledger_exporters.decoding.cut import loads
from spanledger_exporters.decoding.indexed import Texts, blocks, indexed, place_of, value_of
from spanledger_exporters.decoding.messages import (
    Answer,
    Message,
    Request,
    messages_in,
    newest,
    newest_in,
)
from spanledger_exporters.decoding.values import Json, dump
from spanledger_exporters.decoding.wrapped import unwrapped

Events = Sequence[tuple[str, Texts]]
"""Names and attributes of a span's events, in order."""

INPUTS: Final = (
    "gen_ai.input.messages",
    "ai.prompt.messages",
    "gen_ai.prompt",
    "gcp.vertex.agent.llm_request",
)
OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion", "gcp.vertex.agent.llm_response")
_SYSTEM: Final = "gen_ai.system_instructions"
_SAID: Final = ("ai.response.text", "ai.response.toolCalls")
_OLD: Final = "events"
"""Pydantic AI's first format: the older events as one JSON list."""
KEYS: Final = frozenset((*INPUTS, *OUTPUTS, *_SAID, _SYSTEM, _OLD))
EVENT: Final = re.compile(r"gen_ai\.(system|user|assistant|tool)\.message|gen_ai\.choice")
DETAILS: Final = "gen_ai.client.inference.operation.details"
_AROUND: Final = re.compile(
    r"invoke_.*|execute_.*|create_agent|plan|agent_step|ai\.toolCall"
    r"|ai\.(generate|stream)(Text|Object)"
)
"""Operations around model calls: they repeat the messages of the calls inside."""
_ASSISTANT: Final = re.compile(r'\{"role": ?"(?:assistant|model)"')
_LONG: Final = 1024


def is_key(key: str) -> bool:
    """Whether an attribute holds messages."""
    return key in KEYS or place_of(key) is not None


def is_event(name: str) -> bool:
    """Whether a span event or a log record of this name is about messages."""
    known = name == DETAILS or EVENT.fullmatch(name) or llamaindex.EVENT.fullmatch(name)
    return bool(known)


def talk(own: Texts, events: Events, operation: str | None) -> dict[str, str]:
    """The `promoted.TALK` of a model call's span, or of a log record with the same attributes."""
    if operation is not None and _AROUND.fullmatch(operation):
        return {}
    numbered, old = indexed(own), _old_events(own, events)
    heard = _any(*(_newest(own.get(key)) for key in INPUTS), numbered["in"], old[0])
    said = _any(*(_all(own.get(key)) for key in OUTPUTS), numbered["out"], _vercel(own), old[1])
    system = loads(own.get(_SYSTEM)) or own.get(_SYSTEM)
    told = [Message("system", _plain(system))] if system else []
    return _columns([*told, *newest(heard)], said)


def _any(*sources: list[Message]) -> list[Message]:
    """The first source that has messages: some emitters write them twice."""
    return next((messages for messages in sources if messages), [])


def _all(text: str | None) -> list[Message]:
    return list(messages_in(loads(text)))


def talk_of_event(name: str, body: str | None) -> dict[str, str]:
    """The same of a log record that is one message (semantic conventions up to 1.36)."""
    value = loads(body)
    message = _event(name, value if isinstance(value, dict) else {"content": body})
    if message is None:
        return {}
    return _columns([], [message]) if name == "gen_ai.choice" else _columns([message], [])


def _columns(heard: Sequence[Message], said: Sequence[Message]) -> dict[str, str]:
    requests = [r for m in said for r in m.requests]
    answers = [a for m in heard for a in m.answers]
    plans = [r for r in requests if r.name in promoted.PLANNING_TOOLS]
    lists: dict[str, list[Json]] = {
        promoted.NEW_MESSAGES: [_shown(m) for m in (*heard, *said)],
        promoted.TOOL_REQUESTS: [_request(r) for r in requests],
        promoted.TOOL_ANSWERS: [_answer(a) for a in answers],
        promoted.PLAN_REQUESTS: [_request(r) for r in plans],
    }
    return {name: dump(items) for name, items in lists.items() if items}


def _shown(message: Message) -> Json:
    """A message without what the other columns have: their entries are named by id."""
    calls: list[Json] = [r.id or r.name for r in message.requests]
    answered: list[Json] = [a.id for a in message.answers]
    full: dict[str, Json] = {
        "role": message.role,
        "content": message.content,
        "calls": calls or None,
        "answers": answered or None,
    }
    return {key: value for key, value in full.items() if value is not None}


def _request(request: Request) -> Json:
    return {"id": request.id, "name": request.name, "arguments": request.arguments}


def _answer(answer: Answer) -> Json:
    return {"id": answer.id, "content": answer.content, "failed": answer.failed}


def _newest(text: str | None) -> list[Message]:
    """The last messages of a history; of a long one only its end is parsed.

    An unescaped `{"role":` is never inside a JSON string; what does not parse from the last one on
    (it was inside an argument) is parsed whole.
    """
    if text is not None and len(text) > _LONG:
        starts = [match.start() for match in _ASSISTANT.finditer(text)]
        if starts:
            try:
                return list(messages_in(json.loads("[" + text[starts[-1] :])))
            except ValueError:
                pass
    return newest_in(loads(text))


def _old_events(own: Texts, events: Events) -> tuple[list[Message], list[Message]]:
    """Messages heard and said in events of a span, or in Pydantic AI's attribute of them."""
    heard: list[Message] = []
    said: list[Message] = []
    old = loads(own.get(_OLD))
    listed = [e for e in old if isinstance(e, dict)] if isinstance(old, list) else []
    for name, fields in (*((str(e.get("event.name")), e) for e in listed), *events):
        if name == DETAILS:
            heard += [m for key in INPUTS for m in messages_in(value_of(fields.get(key)))]
            said += [m for key in OUTPUTS for m in messages_in(value_of(fields.get(key)))]
        message = _event(name, fields)
        if message is not None:
            (said if name == "gen_ai.choice" else heard).append(message)
    for name, texts in events:
        heard += llamaindex.heard(name, texts)
        said += llamaindex.said(name, texts)
    return heard, said


def tool_texts(events: Events) -> tuple[str | None, str | None]:
    """Arguments and result of a tool span that has them in events (Strands)."""
    arguments = result = None
    for name, fields in events:
        heard, said = _old_events({}, [(name, fields)])
        if name == DETAILS:
            arguments = next((r.arguments for m in heard for r in m.requests), arguments)
            result = next((a.content for m in said for a in m.answers), result)
        elif name == "gen_ai.tool.message":
            arguments = _content(fields.get("content"))
        elif name == "gen_ai.choice":
            result = said[0].content if said else result
    return arguments, result


def arguments(text: str) -> str:
    """A planning call's arguments without what a framework wrapped around them."""
    return unwrapped(text, loads(text))


def _content(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _event(name: str, fields: Mapping[str, Json]) -> Message | None:
    """The message of one of the older events; what it holds may be JSON text."""
    match = EVENT.fullmatch(name)
    if match is None:
        return None
    inner = value_of(fields.get("message"))
    values = dict(inner) if isinstance(inner, dict) else dict(fields)
    if inner is not None and not isinstance(inner, dict):
        values["content"] = inner
    values = {key: blocks(value) for key, value in values.items()}
    role = match[1] or "assistant"
    return next(messages_in({**values, "role": role, "type": None}), None)


def _vercel(own: Texts) -> list[Message]:
    text, calls = (own.get(key) for key in _SAID)
    if not text and not calls:
        return []
    return list(messages_in({"role": "assistant", "content": text, "toolCalls": loads(calls)}))


def _plain(system: Json) -> str | None:
    return next((m.content for m in messages_in({"role": "system", "content": system})), None)
