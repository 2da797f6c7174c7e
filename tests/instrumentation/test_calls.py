"""Model and tool calls are told as OpenTelemetry's GenAI conventions have them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

import spanledger
from spanledger import attributes as a

from .conftest import Told

OPENAI = {
    "id": "r-1",
    "model": "gpt-x-2",
    "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
}
ANTHROPIC = {
    "id": "msg-1",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}],
    "stop_reason": "end_turn",
    "usage": {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 20,
    },
}


def as_object(value: Any) -> Any:
    """The same answer as a library's object instead of dictionaries."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: as_object(item) for key, item in value.items()})
    return [as_object(item) for item in value] if isinstance(value, list) else value


def test_a_call_is_a_client_span_with_what_was_asked(told: Told) -> None:
    request = {"temperature": 0.5, "max_tokens": 100}
    with spanledger.session("s"), spanledger.llm_call("openai", "gpt-x", request=request):
        pass
    (span,) = told.spans()
    assert (span.name, span.kind) == ("chat gpt-x", SpanKind.CLIENT)
    assert span.attributes == {
        a.SESSION_ID: "s",
        a.OPERATION: "chat",
        a.PROVIDER: "openai",
        a.REQUEST_MODEL: "gpt-x",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 100,
    }
    assert told.events() == []


@pytest.mark.parametrize("shape", [dict, as_object])
def test_an_openai_answer_is_read(told: Told, shape: Any) -> None:
    with spanledger.llm_call("openai", "gpt-x") as call:
        call.response(shape(OPENAI), cost_usd=0.01)
    about = dict(told.spans()[0].attributes or {})
    assert (about[a.RESPONSE_MODEL], about[a.RESPONSE_ID]) == ("gpt-x-2", "r-1")
    assert about[a.FINISH_REASONS] == ("stop",)
    assert (about[a.INPUT_TOKENS], about[a.OUTPUT_TOKENS]) == (10, 5)
    assert (about[a.CACHE_READ_TOKENS], about[a.REASONING_TOKENS]) == (4, 3)
    assert about[a.COST_USD] == 0.01


@pytest.mark.parametrize("shape", [dict, as_object])
def test_an_anthropic_answer_counts_cached_tokens_as_input(told: Told, shape: Any) -> None:
    with spanledger.llm_call("anthropic", "claude-x") as call:
        call.response(shape(ANTHROPIC))
    about = dict(told.spans()[0].attributes or {})
    assert (about[a.INPUT_TOKENS], about[a.OUTPUT_TOKENS]) == (130, 5)
    assert (about[a.CACHE_READ_TOKENS], about[a.CACHE_WRITE_TOKENS]) == (100, 20)
    assert about[a.FINISH_REASONS] == ("end_turn",)


def test_what_the_caller_says_counts_over_what_is_read(told: Told) -> None:
    with spanledger.llm_call("p", "m") as call:
        call.response(OPENAI, input_tokens=7, nonsense=1)
    assert (told.spans()[0].attributes or {})[a.INPUT_TOKENS] == 7


def test_messages_are_told_in_an_event_and_on_the_span(told: Told, full_content: None) -> None:
    asked = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "ls", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c", "content": "a.py"},
    ]
    with spanledger.llm_call("openai", "gpt-x", asked) as call:
        call.response(OPENAI)
    (event,) = told.events(a.INFERENCE_DETAILS)
    (span,) = told.spans()
    expected = [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c", "name": "ls", "arguments": "{}"}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "a.py"}]},
    ]
    about = dict(span.attributes or {})
    assert json.loads(str(about[a.INPUT_MESSAGES])) == expected
    assert json.loads(json.dumps(event[a.INPUT_MESSAGES], default=dict)) == expected
    assert json.loads(str(about[a.OUTPUT_MESSAGES])) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Hello"}]}
    ]
    assert (event[a.INPUT_TOKENS], event[a.REQUEST_MODEL]) == (10, "gpt-x")
    assert event.span_id == span.context.span_id


def chunks() -> Iterator[dict[str, object]]:
    yield {"id": "r-1", "model": "gpt-x-2", "choices": [{"delta": {"content": "Hel"}}]}
    yield {"choices": [{"delta": {"content": "lo"}, "finish_reason": "stop"}]}
    yield {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2}}


def test_a_stream_passes_through_and_is_put_together(told: Told, full_content: None) -> None:
    with spanledger.llm_call("openai", "gpt-x", "hi") as call:
        assert list(call.stream(chunks())) == list(chunks())
    about = dict(told.spans()[0].attributes or {})
    assert (about[a.INPUT_TOKENS], about[a.OUTPUT_TOKENS]) == (10, 2)
    assert (about[a.RESPONSE_MODEL], about[a.FINISH_REASONS]) == ("gpt-x-2", ("stop",))
    assert isinstance(about[a.TIME_TO_FIRST_CHUNK], float)
    assert '"content": "Hello"' in str(about[a.OUTPUT_MESSAGES])


def test_anthropics_events_are_put_together_too(told: Told, full_content: None) -> None:
    async def events() -> AsyncIterator[dict[str, object]]:
        start = {"id": "m", "model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 1}}
        yield {"type": "message_start", "message": start}
        yield {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hel"}}
        yield {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "lo"}}
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 12},
        }

    async def main() -> int:
        async with spanledger.llm_call("anthropic", "claude-x") as call:
            return len([event async for event in call.stream(events())])

    assert asyncio.run(main()) == 4
    about = dict(told.spans()[0].attributes or {})
    assert (about[a.INPUT_TOKENS], about[a.OUTPUT_TOKENS]) == (9, 12)
    assert (about[a.RESPONSE_ID], about[a.FINISH_REASONS]) == ("m", ("end_turn",))
    assert '"content": "Hello"' in str(about[a.OUTPUT_MESSAGES])


def test_openais_response_events_are_put_together_too(told: Told, full_content: None) -> None:
    whole = {"id": "r", "model": "gpt-x", "status": "completed", "usage": {"input_tokens": 3}}
    events = [
        {"type": "response.output_text.delta", "delta": "Hel"},
        {"type": "response.output_text.delta", "delta": "lo"},
        {"type": "response.completed", "response": whole},
    ]
    with spanledger.llm_call("openai", "gpt-x") as call:
        list(call.stream(events))
    about = dict(told.spans()[0].attributes or {})
    assert (about[a.INPUT_TOKENS], about[a.FINISH_REASONS]) == (3, ("completed",))
    assert '"content": "Hello"' in str(about[a.OUTPUT_MESSAGES])


def test_a_stream_that_breaks_keeps_what_came(told: Told, full_content: None) -> None:
    def broken() -> Iterator[str]:
        yield "Hel"
        raise ConnectionError("reset")

    with pytest.raises(ConnectionError), spanledger.llm_call("p", "m") as call:
        list(call.stream(broken()))
    (span,) = told.spans()
    assert span.status.status_code is StatusCode.ERROR
    (event,) = told.events(a.INFERENCE_DETAILS)
    assert (event[a.ERROR_TYPE], event.severity) == ("ConnectionError", "WARN")
    assert '"content": "Hel"' in str((span.attributes or {})[a.OUTPUT_MESSAGES])


def test_the_call_in_flight_can_be_looked_up(told: Told) -> None:
    with spanledger.llm_call("p", "m"):
        call = spanledger.current().call
    assert call is not None
    assert (call.provider, call.model) == ("p", "m")
    assert call.span_id == f"{told.spans()[0].context.span_id:016x}"
    assert spanledger.current().call is None


def test_a_tool_call_is_a_span_in_the_step(told: Told, full_content: None) -> None:
    with spanledger.plan("g", ["a"], id="p") as plan, plan.step("a"):
        with spanledger.tool_call("shell", {"cmd": "ls"}, id="c-1") as tool:
            tool.result("a.py")
        with pytest.raises(OSError, match="gone"), spanledger.tool_call("read"):
            raise OSError("gone")
    good, bad = told.spans("execute_tool shell")[0], told.spans("execute_tool read")[0]
    about = dict(good.attributes or {})
    assert (about[a.TOOL_NAME], about[a.TOOL_CALL_ID]) == ("shell", "c-1")
    assert (about[a.TOOL_ARGUMENTS], about[a.TOOL_RESULT]) == ('{"cmd": "ls"}', "a.py")
    assert about[a.STEP_ID] == "a"
    assert bad.status.status_code is StatusCode.ERROR


def test_texts_of_calls_are_held_back_unless_content_is_on(told: Told) -> None:
    with spanledger.llm_call("p", "m", "secret question") as call:
        call.response("secret answer")
    with spanledger.tool_call("t", "secret argument") as tool:
        tool.result("secret result")
    assert told.events() == []
    assert "secret" not in str([dict(span.attributes or {}) for span in told.spans()])
