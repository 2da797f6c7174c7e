"""Read the messages in the events of LlamaIndex's own dispatcher.

`llama-index-observability-otel` 0.7 puts each event's fields into attributes of a span event:
lists of objects as JSON text, an object's fields each under its path (`response.message.role`).
A streamed answer is told by no event; the next call's history has it.
"""

import re
from collections.abc import Iterator
from typing import Final

from spanledger_exporters.decoding.cut import loads
from spanledger_exporters.decoding.indexed import Texts
from spanledger_exporters.decoding.messages import Message, messages_in
from spanledger_exporters.decoding.values import Json

EVENT: Final = re.compile(r"LLM(Chat|Completion)(Start|End)Event")
_ANSWER: Final = "response.message"


def heard(name: str, fields: Texts) -> Iterator[Message]:
    """The history that a model was called with."""
    if name == "LLMChatStartEvent":
        yield from _messages(loads(fields.get("messages")))
    elif name == "LLMCompletionStartEvent" and fields.get("prompt"):
        yield Message("user", fields["prompt"])


def said(name: str, fields: Texts) -> Iterator[Message]:
    """What it answered."""
    if name == "LLMChatEndEvent":
        calls = loads(fields.get(f"{_ANSWER}.additional_kwargs.tool_calls"))
        answer: dict[str, Json] = {
            "role": fields.get(f"{_ANSWER}.role"),
            "content": fields.get(f"{_ANSWER}.content"),
            "blocks": loads(fields.get(f"{_ANSWER}.blocks")),
            "additional_kwargs": {"tool_calls": calls},
        }
        yield from _messages([answer])
    elif name == "LLMCompletionEndEvent" and fields.get("response.text"):
        yield Message("assistant", fields["response.text"])


def _messages(history: Json) -> Iterator[Message]:
    for item in history if isinstance(history, list) else ():
        if isinstance(item, dict):
            yield from messages_in(_plain(item))


def _plain(item: dict[str, Json]) -> Json:
    """A `ChatMessage` as its model's API writes it; since 0.14 its calls are blocks too."""
    beside = item.get("additional_kwargs")
    more = beside if isinstance(beside, dict) else {}
    blocks = item.get("blocks")
    parts = [_part(block) for block in blocks] if isinstance(blocks, list) else []
    has_calls = any(isinstance(part, dict) and part["type"] == "tool_call" for part in parts)
    return {
        "role": item.get("role"),
        "content": parts or item.get("content"),
        "tool_calls": None if has_calls else more.get("tool_calls"),
        "tool_call_id": more.get("tool_call_id"),
    }


def _part(block: Json) -> Json:
    if not isinstance(block, dict):
        return None
    if block.get("block_type") != "tool_call":
        return {"type": block.get("block_type"), "text": block.get("text")}
    return {
        "type": "tool_call",
        "id": block.get("tool_call_id"),
        "name": block.get("tool_name"),
        "arguments": block.get("tool_kwargs"),
    }
