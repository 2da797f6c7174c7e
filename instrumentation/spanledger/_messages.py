"""Write messages to and from models as OpenTelemetry's GenAI conventions have them."""

from collections.abc import Mapping
from typing import Final

from opentelemetry.util.types import AnyValue

from spanledger._steplist import as_list
from spanledger._text import clean, max_content, plain, shortened

_MAX_MESSAGES: Final = 200
"""The first messages set the task, the last ones are new; of more, the middle is left out."""


def messages(said: object, role: str) -> list[AnyValue]:
    """Messages with parts, from a text, a message or a list of them; long texts are cut.

    `role` is whose they are where they do not say. Messages that have `parts` are taken as they
    are.
    """
    many = as_list(said)
    if len(many) > _MAX_MESSAGES:
        many = many[: _MAX_MESSAGES // 2] + many[-_MAX_MESSAGES // 2 :]
    return [_message(clean(one), role) for one in many]


def _message(said: object, role: str) -> AnyValue:
    if not isinstance(said, Mapping):
        return {"role": role, "parts": [_part(said)]}
    about: dict[str, AnyValue] = {"role": plain(said.get("role", role))}
    if said.get("name") is not None:
        about["name"] = plain(said["name"])
    if "parts" in said:
        return about | {"parts": _cut(said["parts"])}
    result = said.get("tool_call_id")
    if result is not None:
        response = _cut(said.get("content"))
        return about | {
            "parts": [{"type": "tool_call_response", "id": plain(result), "response": response}]
        }
    parts = [_part(part) for part in as_list(said.get("content"))]
    return about | {"parts": parts + [_tool_call(call) for call in as_list(said.get("tool_calls"))]}


def _part(said: object) -> AnyValue:
    if not isinstance(said, Mapping):
        return {"type": "text", "content": shortened(plain(said))}
    if said.get("type") == "text" and "text" in said:
        return {"type": "text", "content": shortened(plain(said["text"]))}
    return _cut(said)


def _tool_call(said: object) -> AnyValue:
    function = said.get("function") if isinstance(said, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(function, Mapping):
        return _cut(said)
    return {
        "type": "tool_call",
        "id": plain(said.get("id", "")),
        "name": plain(function.get("name", "")),
        "arguments": _cut(function.get("arguments")),
    }


def _cut(value: object) -> AnyValue:
    """Any value, its long texts cut: pictures come as text too."""
    return _shorter(clean(value), max_content())


def _shorter(value: AnyValue, limit: int) -> AnyValue:
    if isinstance(value, str):
        return shortened(value, limit)
    if isinstance(value, Mapping):
        return {key: _shorter(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [_shorter(item, limit) for item in value]
    return value
