"""What LlamaIndex's own events tell of a model call is read as messages."""

import json

from spanledger_exporters.decoding import llamaindex, talk
from spanledger_exporters.decoding.messages import Answer, Message, Request

CALL = {"id": "c1", "function": {"name": "look", "arguments": '{"at": "sky"}'}, "type": "function"}
BLOCK = {
    "block_type": "tool_call",
    "tool_call_id": "c1",
    "tool_name": "look",
    "tool_kwargs": '{"at": "sky"}',
}
ASKED = Message("assistant", None, (Request("c1", "look", '{"at": "sky"}'),))
BEGUN = "LLMChatStartEvent"
ENDED = "LLMChatEndEvent"


def said_with(*, blocks: list[object], calls: list[object]) -> list[Message]:
    fields: dict[str, str | None] = {
        "response.message.role": "assistant",
        "response.message.blocks": json.dumps(blocks),
        "response.message.additional_kwargs.tool_calls": json.dumps(calls),
    }
    return list(llamaindex.said(ENDED, fields))


def test_a_call_that_is_told_as_a_block_and_beside_it_is_one() -> None:
    assert said_with(blocks=[BLOCK], calls=[CALL]) == [ASKED]


def test_before_there_were_such_blocks_calls_stood_beside_the_text() -> None:
    text = {"block_type": "text", "text": "I look."}
    (message,) = said_with(blocks=[text], calls=[CALL])
    assert (message.content, message.requests) == ("I look.", ASKED.requests)


def test_a_tools_answer_is_one() -> None:
    history = [
        {"role": "user", "blocks": [{"block_type": "text", "text": "What colour?"}]},
        {"role": "assistant", "blocks": [BLOCK], "additional_kwargs": {"tool_calls": [CALL]}},
        {
            "role": "tool",
            "additional_kwargs": {"tool_call_id": "c1"},
            "blocks": [{"block_type": "text", "text": "blue"}],
        },
    ]
    *_, answered = llamaindex.heard(BEGUN, {"messages": json.dumps(history)})
    assert answered == Message("tool", None, answers=(Answer("c1", "blue", None),))


def test_a_completion_is_a_question_and_an_answer() -> None:
    events = [
        ("LLMCompletionStartEvent", {"prompt": "Say it"}),
        ("LLMCompletionEndEvent", {"prompt": "Say it", "response.text": "It"}),
    ]
    found = talk.talk({}, events, None)
    assert json.loads(found["new_messages"]) == [
        {"role": "user", "content": "Say it"},
        {"role": "assistant", "content": "It"},
    ]


def test_what_is_cut_or_of_another_shape_is_left_out() -> None:
    assert list(llamaindex.heard(BEGUN, {"messages": "null"})) == []
    cut = llamaindex.heard(BEGUN, {"messages": '[{"role": "user", "content": "a"}, 7, {"ro'})
    assert [message.role for message in cut] == ["user"]
    assert list(llamaindex.said(ENDED, {})) == []
    assert list(llamaindex.said("step.output", {"output": "x"})) == []
