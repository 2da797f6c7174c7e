"""Messages are read in every shape a model client writes."""

import json

import pytest

from spanledger_exporters.decoding.messages import Answer, Message, Request, messages_in
from spanledger_exporters.decoding.values import Json

ARGUMENTS: dict[str, Json] = {"path": "a.txt"}
CALLS: dict[str, Json] = {
    "conventions": {
        "role": "assistant",
        "parts": [
            {"type": "text", "content": "Reading."},
            {"type": "tool_call", "id": "c1", "name": "read", "arguments": ARGUMENTS},
        ],
    },
    "openai": {
        "role": "assistant",
        "content": "Reading.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "read", "arguments": ARGUMENTS}}
        ],
    },
    "anthropic": {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": "Reading."},
            {"type": "tool_use", "id": "c1", "name": "read", "input": ARGUMENTS},
        ],
    },
    "bedrock": {
        "role": "assistant",
        "content": [
            {"text": "Reading."},
            {"toolUse": {"toolUseId": "c1", "name": "read", "input": ARGUMENTS}},
        ],
    },
    "gemini": {
        "role": "model",
        "parts": [
            {"text": "Reading."},
            {"functionCall": {"id": "c1", "name": "read", "args": ARGUMENTS}},
        ],
    },
    "langchain": {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "AIMessage"],
        "kwargs": {
            "content": "Reading.",
            "type": "ai",
            "tool_calls": [{"name": "read", "args": ARGUMENTS, "id": "c1", "type": "tool_call"}],
        },
    },
    "langchain data": {
        "type": "ai",
        "data": {
            "content": "Reading.",
            "tool_calls": [{"name": "read", "args": ARGUMENTS, "id": "c1"}],
        },
    },
    "vercel": {
        "role": "assistant",
        "content": [
            {"type": "text", "text": "Reading."},
            {"type": "tool-call", "toolCallId": "c1", "toolName": "read", "input": ARGUMENTS},
        ],
    },
    "completion": {
        "choices": [
            {
                "message": {
                    "role": "assistant",
                    "content": "Reading.",
                    "tool_calls": [
                        {"id": "c1", "function": {"name": "read", "arguments": ARGUMENTS}}
                    ],
                }
            }
        ]
    },
}
ANSWERS: dict[str, tuple[Json, bool | None]] = {
    "conventions": (
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "no file"}],
        },
        None,
    ),
    "older conventions": (
        {
            "role": "user",
            "parts": [{"type": "tool_call_response", "id": "c1", "result": "no file"}],
        },
        None,
    ),
    "openai": ({"role": "tool", "tool_call_id": "c1", "content": "no file"}, None),
    "responses": ({"type": "function_call_output", "call_id": "c1", "output": "no file"}, None),
    "anthropic": (
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "no file"}],
                    "is_error": True,
                }
            ],
        },
        True,
    ),
    "bedrock": (
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "c1",
                        "status": "error",
                        "content": [{"text": "no file"}],
                    }
                }
            ],
        },
        True,
    ),
    "langchain": (
        {
            "id": ["langchain", "schema", "messages", "ToolMessage"],
            "kwargs": {"content": "no file", "tool_call_id": "c1", "status": "success"},
        },
        False,
    ),
    "vercel": (
        {
            "role": "tool",
            "content": [
                {
                    "type": "tool-result",
                    "toolCallId": "c1",
                    "output": {"type": "error-text", "value": "no file"},
                }
            ],
        },
        True,
    ),
}


@pytest.mark.parametrize("shape", CALLS)
def test_a_tool_call_is_found(shape: str) -> None:
    (message,) = messages_in([CALLS[shape]])
    assert (message.role, message.content) == ("assistant", "Reading.")
    (request,) = message.requests
    assert (request.id, request.name) == ("c1", "read")
    assert json.loads(request.arguments or "") == ARGUMENTS


@pytest.mark.parametrize("shape", ANSWERS)
def test_what_a_tool_answered_is_found(shape: str) -> None:
    item, failed = ANSWERS[shape]
    assert list(messages_in(item)) == [
        Message("tool", None, (), (Answer("c1", "no file", failed),))
    ]


def test_a_call_of_the_responses_api_has_its_call_id() -> None:
    item: Json = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "read"}
    (message,) = messages_in([item])
    assert message.requests == (Request("c1", "read", None),)


def test_a_call_that_is_told_twice_in_a_message_is_one() -> None:
    item: Json = {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "c1", "name": "read", "input": {}}],
        "tool_calls": [{"id": "c1", "name": "read", "args": {}}],
    }
    (message,) = messages_in(item)
    assert len(message.requests) == 1


def test_an_image_is_named_and_not_copied() -> None:
    item: Json = {
        "role": "user",
        "content": [
            {"type": "text", "text": "See:"},
            {"type": "image", "source": {"data": "A" * 99}},
        ],
    }
    (message,) = messages_in(item)
    assert message.content == "See:\n[image]"


@pytest.mark.parametrize(
    "value", [None, 5, "text", [], [[]], {}, {"role": 5}, {"role": "judge"}, [None, {"parts": [1]}]]
)
def test_what_is_no_message_gives_none(value: Json) -> None:
    assert list(messages_in(value)) == []
