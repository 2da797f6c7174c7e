"""Read what model providers answer, whole or in pieces, whoever's classes it comes in.

Shapes of OpenAI's chat completions and responses and of Anthropic's messages, as objects or as
dictionaries (platform.openai.com/docs/api-reference, docs.anthropic.com/en/api/messages).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spanledger._text import plain

_MAX_PIECES: Final = 100_000


@dataclass(slots=True)
class Answer:
    """What is known of an answer so far."""

    model: str | None = None
    id: str | None = None
    finish_reason: str | None = None
    text: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None

    def take(self, other: "Answer") -> None:
        """Take over what the other knows."""
        for name in self.__slots__:
            found = getattr(other, name)
            if found is not None:
                setattr(self, name, found)


def read_answer(said: object) -> Answer:
    """An answer as a provider's library gives it; what is not recognised is left out."""
    if isinstance(said, str):
        return Answer(text=said)
    answer = Answer(model=_word(said, "model"), id=_word(said, "id"))
    choice = _first(_get(said, "choices"))
    reason = _get(choice, "finish_reason") or _get(said, "stop_reason") or _get(said, "status")
    answer.finish_reason = plain(reason) if reason is not None else None
    answer.text = _text_in(said, choice)
    _count(answer, _get(said, "usage"))
    return answer


def _text_in(said: object, choice: object) -> str | None:
    text = _get(_get(choice, "message"), "content")
    if isinstance(text, str):
        return text
    # `output_text` is a property of OpenAI's class: asked for only where there is no other text.
    blocks = _get(said, "content")
    if isinstance(blocks, list):
        parts = [part for part in (_get(block, "text") for block in blocks) if part is not None]
        return "".join(plain(part) for part in parts) or None
    text = _get(said, "output_text")
    return text if isinstance(text, str) else None


def _count(answer: Answer, usage: object) -> None:
    """Tokens, so that the input has the cached ones in it, as OpenTelemetry counts."""
    if usage is None:
        return
    read = _number(usage, "cache_read_input_tokens")
    written = _number(usage, "cache_creation_input_tokens")
    given = _either(usage, "input_tokens", "prompt_tokens")
    if given is not None:
        # Anthropic's input_tokens are those that neither came from the cache nor went into it.
        answer.input_tokens = given + (read or 0) + (written or 0)
    answer.output_tokens = _either(usage, "output_tokens", "completion_tokens")
    answer.cache_write_tokens = written
    details = _get(usage, "prompt_tokens_details") or _get(usage, "input_tokens_details")
    answer.cache_read_tokens = read if read is not None else _number(details, "cached_tokens")
    details = _get(usage, "completion_tokens_details") or _get(usage, "output_tokens_details")
    answer.reasoning_tokens = _number(details, "reasoning_tokens")


class Pieces:
    """An answer that is put together from the pieces of a stream."""

    def __init__(self, *, keep_text: bool) -> None:
        self.answer = Answer()
        self._texts: list[str] = []
        self._keep_text = keep_text

    def add(self, piece: object) -> None:
        """Take a piece: a text, a chat completion's chunk, an event of either provider."""
        if isinstance(piece, str):
            self._keep(piece)
            return
        whole = _get(piece, "response") or _get(piece, "message")
        if whole is not None:
            self.answer.take(read_answer(whole))
        found = read_answer(piece) if _get(piece, "type") is None else Answer()
        choice, delta = _first(_get(piece, "choices")), _get(piece, "delta")
        reason = _get(choice, "finish_reason") or _get(delta, "stop_reason")
        found.finish_reason = plain(reason) if reason is not None else None
        if _get(piece, "type") == "message_delta":
            # Its input_tokens, if any, repeat those of message_start.
            found.output_tokens = _number(_get(piece, "usage"), "output_tokens")
        self.answer.take(found)
        self._keep(
            delta
            if isinstance(delta, str)
            else _get(_get(choice, "delta"), "content") or _get(delta, "text")
        )

    def _keep(self, text: object) -> None:
        if self._keep_text and isinstance(text, str) and len(self._texts) < _MAX_PIECES:
            self._texts.append(text)

    def done(self) -> Answer:
        """The answer, with its text."""
        if self._texts:
            self.answer.text = "".join(self._texts)
        return self.answer


def _get(value: object, name: str) -> object:
    """A field of a dictionary or an object; None where there is none."""
    if value is None or isinstance(value, str | int | float):
        return None
    try:
        return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
    except Exception:  # noqa: BLE001 - a stranger's property may raise anything
        return None


def _first(value: object) -> object:
    return value[0] if isinstance(value, list | tuple) and value else None


def _word(value: object, name: str) -> str | None:
    found = _get(value, name)
    return found if isinstance(found, str) else None


def _number(value: object, name: str) -> int | None:
    found = _get(value, name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _either(value: object, name: str, other: str) -> int | None:
    found = _number(value, name)
    return found if found is not None else _number(value, other)
