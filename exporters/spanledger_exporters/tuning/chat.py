"""Turn messages as emitters record them into conversations that a model can be trained on.

Whatever is not whole is refused with a reason: a guess in a training file is learnt like a fact.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from spanledger_exporters.decoding.messages import Answer, Message, messages_in
from spanledger_exporters.decoding.values import Json

_HIDDEN: Final = re.compile(r'"?__REDACTED__"?|<REDACTED>|\[REDACTED\]|<redacted>|<elided>')
_NOT_TEXT: Final = re.compile(
    r"(?m)^\[(?:image|image_url|input_image|audio|input_audio|file|input_file|video|document|blob"
    r"|uri|file_data|inlineData|media)\]$"
)
# What emitters put where they cut: Claude Code, OpenTelemetry's limits as agents write them.
_CUT: Final = re.compile(
    r"\[TRUNCATED\b[^\]]{0,80}\]\s*\Z|\.\.\.\s?\[truncated[^\]]{0,40}\]\s*\Z"
    r"|…\s?\[[0-9,]+ (?:more|characters)[^\]]{0,40}\]\s*\Z"
)


class RefusedError(Exception):
    """What was said is not fit to learn from; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that the assistant asks for; `arguments` is the text of a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a conversation; `answers` is the id of the call a tool answers."""

    role: str
    content: str
    calls: tuple[Call, ...] = ()
    answers: str | None = None


def parsed(text: str) -> Json:
    """The JSON of a record; raises RefusedError when a length limit cut it."""
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RefusedError("cut or broken JSON") from error
    return value


def messages(text: str) -> list[Message]:
    """The messages of a whole history, a system prompt that is kept beside them first."""
    value = parsed(text)
    found = list(messages_in(value))
    if isinstance(value, dict) and not any(message.role == "system" for message in found):
        return [*_system(value), *found]
    return found


def _system(request: Mapping[str, Json]) -> Iterator[Message]:
    """The system prompt of a request in the shape of Anthropic, OpenAI's responses or Gemini."""
    config = request.get("config")
    for place in (request, config if isinstance(config, dict) else {}):
        for name in ("system", "instructions", "system_instruction", "systemInstruction"):
            told = place.get(name)
            if told:
                inner = told if isinstance(told, dict) else {"content": told}
                yield from messages_in({**inner, "role": "system"})
                return


def merged(told: Iterable[Message]) -> list[Message]:
    """Messages with the parts of one answer put together: OpenAI's responses come in items."""
    merged: list[Message] = []
    for message in told:
        last = merged[-1] if merged else None
        if last is not None and last.role == message.role == "assistant":
            content = "\n".join(text for text in (last.content, message.content) if text)
            requests = (*last.requests, *message.requests)
            merged[-1] = replace(last, content=content or None, requests=requests)
        else:
            merged.append(message)
    return merged


def said(message: Message, number: int) -> Said:
    """A message that is not a tool's; `number` tells calls without an id apart."""
    calls = tuple(
        Call(request.id or f"call_{number}_{i}", request.name, _arguments(request.arguments))
        for i, request in enumerate(message.requests)
    )
    content = _whole(message.content)
    if message.role == "system":
        content = _unquoted(content)
    if message.role in {"user", "assistant"} and not content.strip() and not calls:
        raise RefusedError(f"an empty message of the {message.role}")
    return Said(message.role, content, calls)


def _unquoted(text: str) -> str:
    """Gemini CLI's spans have the system prompt as a JSON text."""
    if not (text.startswith('"') and text.endswith('"')):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, str) else text


def answered(
    message: Message, open_calls: Sequence[Call]
) -> tuple[tuple[Said, ...], tuple[Call, ...]]:
    """The answers of a tool message, and the calls that still wait for one."""
    waiting = list(open_calls)
    done: list[Said] = []
    for answer in message.answers:
        call = _asked(waiting, answer)
        waiting.remove(call)
        done.append(Said("tool", _whole(answer.content), (), call.id))
    return tuple(done), tuple(waiting)


def _asked(open_calls: Sequence[Call], answer: Answer) -> Call:
    """The call that an answer is for; some emitters put the tool's name in front of one id only."""
    for call in open_calls:
        if answer.id is None or call.id == answer.id or call.id.endswith(f"__{answer.id}"):
            return call
    raise RefusedError("an answer to a tool call that nobody asked for")


# A history comes again with every call of its session.
@lru_cache(8192)
def _arguments(text: str | None) -> str:
    value = parsed(text or "{}")
    if not isinstance(value, dict):
        raise RefusedError("cut or broken JSON")
    return text or "{}"


def _whole(content: str | None) -> str:
    text = content or ""
    if _HIDDEN.fullmatch(text):
        raise RefusedError("content that the emitter hid")
    if _CUT.search(text, max(0, len(text) - 200)):
        raise RefusedError("content that a length limit cut")
    if text.startswith("[") and _NOT_TEXT.search(text):
        raise RefusedError("images, sound or files")
    return text


def keys(conversation: Iterable[Said], begin: bytes = b"") -> tuple[bytes, ...]:
    """One hash for each beginning of a conversation, the empty one first; ids do not count."""
    found = [begin]
    for said in conversation:
        calls = [(call.name, _canonical(call.arguments)) for call in said.calls]
        text = json.dumps([said.role, said.content.strip(), calls]).encode()
        found.append(blake2b(found[-1] + text, digest_size=16).digest())
    return tuple(found)


@lru_cache(8192)
def _canonical(arguments: str) -> str:
    return json.dumps(json.loads(arguments), sort_keys=True)


def characters(conversation: Iterable[Said]) -> int:
    """How long a conversation is: contents and arguments."""
    return sum(
        len(said.content) + sum(len(call.arguments) for call in said.calls) for said in conversation
    )


def fingerprint(conversation: Iterable[Said]) -> bytes:
    """The same for conversations that differ in case, white space and ids only."""
    digest = blake2b(digest_size=16)
    for said in conversation:
        digest.update(_loose(said))
    return digest.digest()


# Bounded by a session's talk: the answers of tools are long.
@lru_cache(1024)
def _loose(said: Said) -> bytes:
    calls = [(call.name, _canonical(call.arguments)) for call in said.calls]
    text = " ".join(f"{said.role} {said.content} {calls}".casefold().split())
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
