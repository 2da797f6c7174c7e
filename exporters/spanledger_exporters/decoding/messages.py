"""Read one message of a conversation, in whichever of a dozen shapes a model client writes it.

Shapes (docs/dialects.md): semantic conventions (`parts`), OpenAI chat and responses, Anthropic
blocks, Bedrock (`toolUse`), Gemini (`functionCall`), LangChain (`kwargs`, `data`), Vercel AI SDK
(`tool-call`), and the bodies of the older events (`gen_ai.choice`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from spanledger_exporters.decoding.values import Json, dump

Object = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Request:
    """A tool call that a model asked for; `arguments` as sent, a structure as JSON text."""

    id: str | None
    name: str
    arguments: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent back for a tool call; `failed` is None where the shape has no word for it."""

    id: str | None
    content: str | None
    failed: bool | None


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `role` is system, user, assistant or tool."""

    role: str
    content: str | None
    requests: tuple[Request, ...] = ()
    answers: tuple[Answer, ...] = ()


_ROLES: Final = {
    "system": "system",
    "developer": "system",
    "systemmessage": "system",
    "user": "user",
    "human": "user",
    "humanmessage": "user",
    "assistant": "assistant",
    "model": "assistant",
    "ai": "assistant",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "function_call": "assistant",
    "reasoning": "assistant",
    "tool": "tool",
    "function": "tool",
    "toolmessage": "tool",
    "function_call_output": "tool",
}
_LISTS: Final = ("messages", "contents", "generations", "choices", "input", "output")
_CALL_KEYS: Final = ("functionCall", "function_call", "toolUse", "function")
_ANSWER_KEYS: Final = ("functionResponse", "function_response", "toolResult")
_CALL_TYPES: Final = frozenset(
    {"tool_call", "tool_use", "tool-call", "function_call", "server_tool_call", "server_tool_use"}
)
_ANSWER_TYPES: Final = frozenset(
    {
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "server_tool_call_response",
    }
)
_NOT_SAID: Final = _CALL_TYPES | _ANSWER_TYPES | {"reasoning", "thinking"}


def messages_in(value: Json) -> Iterator[Message]:
    """Every message in a list, or in the object that a framework wraps around its lists."""
    if isinstance(value, list):
        for item in value:
            yield from messages_in(item)
    elif isinstance(value, dict):
        found = _message(value)
        if found is not None:
            yield found
        else:
            for key in _LISTS:
                yield from messages_in(value.get(key))
            for key in ("message", "content"):
                if isinstance(value.get(key), dict):
                    yield from messages_in(value[key])


def newest_in(value: Json) -> list[Message]:
    """The messages after the last one of the assistant; the others of a history are not read."""
    items: list[Json] = value if isinstance(value, list) else [value]
    for place in reversed(range(len(items))):
        item = items[place]
        if isinstance(item, dict) and _role(item, _inside(item)) == "assistant":
            return list(messages_in(items[place + 1 :]))
    return newest(list(messages_in(value)))


def newest(messages: list[Message]) -> list[Message]:
    """The same of messages that are read already."""
    last = max((i for i, m in enumerate(messages) if m.role == "assistant"), default=-1)
    return messages[last + 1 :]


def _message(item: Object) -> Message | None:
    """The message that this object is; None when it is a wrapper or something else."""
    inner = _inside(item)
    role = _role(item, inner)
    if role is None:
        return None
    blocks = list(_blocks(inner))
    requests = {
        (r.id, r.name, r.arguments if r.id is None else None): r
        for block in blocks
        for r in _requests(block)
    }
    answers = tuple(a for block in blocks for a in _answers(block))
    if role == "tool" and not answers:
        answers = (_whole_answer(inner, blocks),)
    if answers and role == "user":
        role = "tool"  # Anthropic and Gemini send results as the user
    content = None if role == "tool" else _content(inner, blocks)
    return Message(role, content, tuple(requests.values()), answers)


def _inside(item: Object) -> Object:
    """Where a message's content is: LangChain keeps it in `kwargs` or `data`."""
    for key in ("kwargs", "data"):
        inner = item.get(key)
        if isinstance(inner, dict) and ("content" in inner or "tool_calls" in inner):
            return inner
    return item


def _role(item: Object, inner: Object) -> str | None:
    path = item.get("id")
    names = [item.get("role"), inner.get("role"), inner.get("type"), item.get("type")]
    if isinstance(path, list) and path:
        names.insert(0, path[-1])
    for name in names:
        if isinstance(name, str) and name.lower() in _ROLES:
            return _ROLES[name.lower()]
    return None


def _blocks(inner: Object) -> Iterator[Object]:
    """The parts of a message, tool calls beside its content among them."""
    for key in ("parts", "content", "tool_calls", "toolCalls"):
        for block in _listed(inner.get(key)):
            if isinstance(block, dict):
                yield block if key in {"parts", "content"} else {**block, "type": "tool_call"}
    old = inner.get("function_call")
    if isinstance(old, dict):
        yield {**old, "type": "tool_call"}
    if inner.get("type") in _CALL_TYPES | _ANSWER_TYPES:
        yield inner


def _listed(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else ()


def _requests(block: Object) -> Iterator[Request]:
    nested = _nested(block, _CALL_KEYS)
    if nested is None and not _is(block, _CALL_TYPES):
        return
    call = {**block, **nested} if nested else block
    name = _first(call, "name", "toolName")
    arguments = _first(call, "arguments", "input", "args", "server_tool_call")
    if isinstance(name, str) and name:
        yield Request(
            _text(_first(call, "call_id", "toolUseId", "toolCallId", "tool_call_id", "id")),
            name,
            _text(arguments),
        )


def _answers(block: Object) -> Iterator[Answer]:
    nested = _nested(block, _ANSWER_KEYS)
    if nested is None and not _is(block, _ANSWER_TYPES):
        return
    answer = {**block, **nested} if nested else block
    content = _first(answer, "response", "result", "output", "content", "server_tool_call_response")
    yield Answer(
        _text(_first(answer, "tool_use_id", "call_id", "toolUseId", "toolCallId", "id")),
        _said(content),
        _failed(answer, content),
    )


def _whole_answer(inner: Object, blocks: Sequence[Object]) -> Answer:
    """A message of role tool is the answer itself."""
    content = _content(inner, blocks)
    return Answer(
        _text(_first(inner, "tool_call_id", "call_id", "id")), content, _failed(inner, None)
    )


def _nested(block: Object, keys: Sequence[str]) -> Object | None:
    for key in keys:
        inner = block.get(key)
        if isinstance(inner, dict):
            return inner
    return None


def _is(block: Object, kinds: frozenset[str]) -> bool:
    kind = block.get("type")
    return isinstance(kind, str) and kind in kinds


def _failed(answer: Object, content: Json) -> bool | None:
    flag = _first(answer, "is_error", "isError")
    if isinstance(flag, bool):
        return flag
    if answer.get("status") in {"error", "success"}:
        return answer["status"] == "error"
    if isinstance(content, dict) and isinstance(content.get("type"), str):
        return str(content["type"]).startswith("error") or None
    return None


def _content(inner: Object, blocks: Sequence[Object]) -> str | None:
    content = inner.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return dump(content)
    own = (block for block in blocks if not _is(block, _NOT_SAID))
    texts = [_block_text(block) or _kind_of(block) for block in own]
    return "\n".join(text for text in texts if text) or None


def _said(content: Json) -> str | None:
    """The text of a result: of text blocks their texts, of anything else its JSON."""
    if isinstance(content, dict) and isinstance(content.get("type"), str) and "value" in content:
        return _text(content["value"])  # Vercel: {"type": "text", "value": ...}
    texts = [_block_text(b) if isinstance(b, dict) else None for b in _listed(content)]
    if texts and None not in texts:
        return "\n".join(text for text in texts if text)
    return _text(content)


def _block_text(block: Object) -> str | None:
    return next((t for k in ("text", "content") if isinstance(t := block.get(k), str)), None)


def _kind_of(block: Object) -> str | None:
    """What stands for an image or a file, whose content stays in the attribute."""
    kind = _first(block, "modality", "type")
    return f"[{kind}]" if isinstance(kind, str) and kind != "text" else None


def _first(item: Object, *keys: str) -> Json:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _text(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return dump(value)
