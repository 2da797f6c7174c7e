"""Put messages together that were flattened into numbered keys (OpenInference, OpenLLMetry)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from spanledger_exporters.decoding.cut import loads
from spanledger_exporters.decoding.messages import Message, messages_in
from spanledger_exporters.decoding.values import Json

Texts = Mapping[str, str | None]

_KEY: Final = re.compile(
    r"(llm\.input_messages|llm\.output_messages|gen_ai\.prompt|gen_ai\.completion)\.(\d+)\.(.+)"
)


def indexed(own: Texts) -> dict[str, list[Message]]:
    """Messages flattened into numbered keys, put together again (OpenInference, OpenLLMetry)."""
    keys = [(place, value) for key, value in own.items() if (place := place_of(key)) is not None]
    answered = [p.number for p, value in keys if p.is_input and p.is_role and value == "assistant"]
    last = max(answered, default=-1)
    found: dict[str, dict[int, dict[str, Json]]] = {"in": {}, "out": {}}
    for place, value in keys:
        if not place.is_input:
            _put(found["out"].setdefault(place.number, {}), place.path, value)
        elif place.number > last:
            _put(found["in"].setdefault(place.number, {}), place.path, value)
    return {
        side: list(messages_in([_flat(items[i], side) for i in sorted(items)]))
        for side, items in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a numbered key belongs: side, message, and the path inside it."""

    is_input: bool
    number: int
    path: tuple[str, ...]
    is_role: bool


@lru_cache(maxsize=1 << 14)
def place_of(key: str) -> _Place | None:
    """Where an attribute belongs; None for one without messages."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    is_input = match[1] in {"llm.input_messages", "gen_ai.prompt"}
    return _Place(is_input, int(match[2]), tuple(match[3].split(".")), key.endswith(".role"))


def _put(item: dict[str, Json], path: Sequence[str], value: str | None) -> None:
    for step in path[:-1]:
        inner = item.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        item = inner
    item[path[-1]] = value


def _flat(item: Mapping[str, Json], side: str) -> Json:
    """An indexed message as OpenAI's chat format has it."""
    inner = item.get("message")
    message = dict(inner) if isinstance(inner, dict) else dict(item)
    for key, wrapper in (("tool_calls", "tool_call"), ("contents", "message_content")):
        entries = message.get(key)
        if isinstance(entries, dict):
            ordered = [entries[i] for i in sorted(entries, key=_number)]
            message[key] = [e.get(wrapper, e) for e in ordered if isinstance(e, dict)]
    message["content"] = blocks(message.get("content")) or message.get("contents")
    if message.get("role") is None and side == "out":
        message["role"] = "assistant"
    return message


def _number(index: str) -> int:
    return int(index) if index.isdecimal() else 0


def blocks(value: Json) -> Json:
    """A list of content blocks, also when it was sent as JSON text."""
    found = value_of(value)
    is_list = isinstance(found, list) and all(isinstance(item, dict) for item in found)
    return found if is_list else value


def value_of(value: Json) -> Json:
    """What a text holds as JSON, else the text."""
    return (loads(value) or value) if isinstance(value, str) else value
