"""Tell of model and tool calls that no GenAI instrumentation sees."""

import json
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Self, TypeVar, overload

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._answers import Answer, Pieces, read_answer
from spanledger._emit import GENAI_SCOPE, emit, guarded, tracer
from spanledger._entered import Entered
from spanledger._failures import failure, is_failure
from spanledger._limits import rate_limited
from spanledger._messages import messages as as_messages
from spanledger._scope import ModelCall
from spanledger._sessions import end_span
from spanledger._text import clean, content, plain, tells_content

T = TypeVar("T")
_KEYS: Final = {
    "model": a.RESPONSE_MODEL,
    "id": a.RESPONSE_ID,
    "input_tokens": a.INPUT_TOKENS,
    "output_tokens": a.OUTPUT_TOKENS,
    "cache_read_tokens": a.CACHE_READ_TOKENS,
    "cache_write_tokens": a.CACHE_WRITE_TOKENS,
    "reasoning_tokens": a.REASONING_TOKENS,
}


class _Call(Entered):
    """A span that is current while its block runs."""

    def __init__(
        self, name: str, kind: trace.SpanKind, about: Mapping[str, AttributeValue]
    ) -> None:
        self._name, self._kind = name, kind
        self._about = dict(about)
        self._span: trace.Span = trace.INVALID_SPAN
        self._context: Context | None = None

    def _enter(self) -> None:
        around, scope = _scope.here(), _scope.current()
        told = {key: clean(value) for key, value in self._about.items() if value is not None}
        self._span = tracer(GENAI_SCOPE).start_span(
            self._name, around, kind=self._kind, attributes={**scope.ids(), **told}
        )
        self._context = trace.set_span_in_context(self._span, around)
        self._context = _scope.with_scope(self._scope_inside(scope), self._context)
        self._go_into(self._context)

    def _scope_inside(self, scope: _scope.Scope) -> _scope.Scope:
        return scope

    def _set(self, key: str, value: AttributeValue) -> None:
        if value is not None:
            self._about[key] = clean(value)
            self._span.set_attribute(key, clean(value))

    def _leave(self, error: BaseException | None) -> None:
        end_span(self._span, error)


class LlmCall(_Call):
    """A call of a model: a client span with what was asked and answered."""

    def __init__(
        self, provider: object, model: object, messages: object, operation: object, request: object
    ) -> None:
        self._made_of = (provider, model, messages, operation, request)
        self._provider, self._model, self._messages = plain(provider), plain(model), messages
        self._answer = Answer()
        self._output: object = None
        self._asked_ns = 0
        self._first_s: float | None = None
        about: dict[str, AttributeValue] = {
            a.OPERATION: plain(operation),
            a.PROVIDER: self._provider,
            a.REQUEST_MODEL: self._model,
        }
        wanted = clean(request)
        if isinstance(wanted, Mapping):
            about |= {f"gen_ai.request.{key}": wanted[key] for key in wanted}
        super().__init__(f"{plain(operation)} {self._model}", trace.SpanKind.CLIENT, about)

    def _again(self) -> Self:
        return type(self)(*self._made_of)

    def _enter(self) -> None:
        self._asked_ns = time.time_ns()
        super()._enter()

    def _scope_inside(self, scope: _scope.Scope) -> _scope.Scope:
        told = self._span.get_span_context()
        call = ModelCall(
            self._provider,
            self._model,
            trace.format_trace_id(told.trace_id),
            trace.format_span_id(told.span_id),
            self._asked_ns,
        )
        return replace(scope, call=call)

    @guarded("reading a model's answer")
    def response(
        self,
        answer: object = None,
        *,
        messages: object = None,
        cost_usd: float | None = None,
        **known: object,
    ) -> None:
        """Say what the model answered.

        Args:
            answer: As the provider's library gives it; or its text.
            messages: The answer's messages, where `answer` does not hold its text.
            cost_usd: What it cost.
            known: Any of model, id, finish_reason, text, input_tokens (with the cached ones),
                output_tokens (with the reasoning), cache_read_tokens, cache_write_tokens,
                reasoning_tokens: they count over what `answer` says.
        """
        if answer is not None:
            self._answer.take(read_answer(answer))
        for name, value in known.items():
            if name in Answer.__slots__ and value is not None:
                setattr(self._answer, name, value)
        if messages is not None:
            self._output = messages
        self._set(a.COST_USD, cost_usd)
        self._tell_answer()

    def _tell_answer(self) -> None:
        for name, key in _KEYS.items():
            self._set(key, clean(getattr(self._answer, name)))
        if self._answer.finish_reason is not None:
            self._set(a.FINISH_REASONS, [plain(self._answer.finish_reason)])

    @overload
    def stream(self, pieces: Iterable[T]) -> Iterator[T]: ...
    @overload
    def stream(self, pieces: AsyncIterable[T]) -> AsyncIterator[T]: ...
    def stream(self, pieces: Iterable[T] | AsyncIterable[T]) -> Iterator[T] | AsyncIterator[T]:
        """Pass a stream through, noting when it began and what it says; to be read in the block."""
        if isinstance(pieces, AsyncIterable):
            return self._read_async(pieces)
        return self._read(pieces)

    def _read(self, pieces: Iterable[T]) -> Iterator[T]:
        noted = Pieces(keep_text=tells_content())
        try:
            for piece in pieces:
                self._note(noted, piece)
                yield piece
        finally:
            self._noted(noted)

    async def _read_async(self, pieces: AsyncIterable[T]) -> AsyncIterator[T]:
        noted = Pieces(keep_text=tells_content())
        try:
            async for piece in pieces:
                self._note(noted, piece)
                yield piece
        finally:
            self._noted(noted)

    @guarded("reading a stream")
    def _note(self, noted: Pieces, piece: object) -> None:
        if self._first_s is None:
            self._first_s = (time.time_ns() - self._asked_ns) / 1e9
            self._set(a.TIME_TO_FIRST_CHUNK, self._first_s)
        noted.add(piece)

    @guarded("reading a stream")
    def _noted(self, noted: Pieces) -> None:
        self._answer.take(noted.done())
        self._tell_answer()

    def _leave(self, error: BaseException | None) -> None:
        with guarded("telling a model call"):
            if error is not None and is_failure(error):
                rate_limited(error)
            plan = _scope.current(self._context).plan
            if plan is not None:
                plan.spent.add(self._about)
            if tells_content():
                self._tell_details(error)
        super()._leave(error)

    def _tell_details(self, error: BaseException | None) -> None:
        said = self._output if self._output is not None else self._answer.text
        texts: dict[str, AttributeValue] = {}
        if self._messages is not None:
            texts[a.INPUT_MESSAGES] = as_messages(self._messages, "user")
        if said is not None:
            texts[a.OUTPUT_MESSAGES] = as_messages(said, "assistant")
        if not texts:
            return
        for key, value in texts.items():
            self._span.set_attribute(key, json.dumps(value))
        went_wrong = failure(error) if error is not None and is_failure(error) else {}
        severity = SeverityNumber.WARN if went_wrong else SeverityNumber.INFO
        told = {**self._about, **texts, **went_wrong}
        emit(a.INFERENCE_DETAILS, told, severity=severity, context=self._context)


class ToolCall(_Call):
    """A call of a tool."""

    def __init__(self, tool: object, arguments: object, call_id: object) -> None:
        self._made_of = (tool, arguments, call_id)
        name = plain(tool)
        about: dict[str, AttributeValue] = {
            a.OPERATION: "execute_tool",
            a.TOOL_NAME: name,
            a.TOOL_CALL_ID: plain(call_id) if call_id is not None else None,
            a.TOOL_ARGUMENTS: _as_json(arguments),
        }
        super().__init__(f"execute_tool {name}", trace.SpanKind.INTERNAL, about)

    def _again(self) -> Self:
        return type(self)(*self._made_of)

    @guarded("reading a tool's result")
    def result(self, result: object) -> None:
        """Say what the tool gave back. Content."""
        self._set(a.TOOL_RESULT, _as_json(result))


def _as_json(value: object) -> str | None:
    """A value as JSON, a text as it is; None unless content is on."""
    if value is None or not tells_content():
        return None
    return content(value if isinstance(value, str) else json.dumps(clean(value), default=plain))


def llm_call(
    provider: object,
    model: object,
    messages: object = None,
    *,
    operation: object = "chat",
    request: Mapping[str, object] | None = None,
) -> LlmCall:
    """The block calls a model: a span `chat {model}`; say `.response(…)` or `.stream(…)` in it.

    Args:
        provider: Whose model: `openai`, `anthropic`, … as `gen_ai.provider.name` has them.
        model: The model asked for.
        messages: What it is sent: a text, or messages as the provider takes them. Content.
        operation: `chat`, `embeddings`, `text_completion`, …
        request: More of the request: `{"temperature": 0.2, "max_tokens": 500}`.
    """
    return LlmCall(provider, model, messages, operation, request)


def tool_call(name: object, arguments: object = None, *, id: object = None) -> ToolCall:  # noqa: A002 - the contract's word
    """The block calls a tool: a span `execute_tool {name}`; say `.result(…)` in it.

    Args:
        name: The tool.
        arguments: What it is called with. Content.
        id: The model's id of the call.
    """
    return ToolCall(name, arguments, id)
