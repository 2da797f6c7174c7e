"""Of a model call's messages only the new ones are kept, whatever holds them."""

import json

import pytest

from spanledger_exporters.decoding.cut import loads
from spanledger_exporters.decoding.talk import talk, talk_of_event, tool_texts

PLAN = {"todos": [{"content": "Read it", "status": "pending"}]}


def parts(role: str, *said: object) -> dict[str, object]:
    return {"role": role, "parts": list(said)}


def call(id_: str, name: str, arguments: object) -> dict[str, object]:
    return {"type": "tool_call", "id": id_, "name": name, "arguments": arguments}


def answer(id_: str, text: str) -> dict[str, object]:
    return {"type": "tool_call_response", "id": id_, "response": text}


HISTORY = [
    parts("user", {"type": "text", "content": "Go. " * 2000}),
    parts("assistant", call("c1", "read", {"role": "assistant", "deep": [{"role": "assistant"}]})),
    parts("tool", answer("c1", "apples")),
    parts("assistant", call("c2", "read", {})),
    parts("tool", answer("c2", "pears")),
]
SAID = [parts("assistant", call("c3", "write_todos", PLAN))]


@pytest.mark.parametrize("first", [0, 2, 4])
def test_only_what_follows_the_last_word_of_the_assistant_is_new(first: int) -> None:
    own: dict[str, str | None] = {
        "gen_ai.input.messages": json.dumps(HISTORY[first:]),
        "gen_ai.output.messages": json.dumps(SAID),
    }
    found = talk(own, (), "chat")
    assert json.loads(found["new_messages"]) == [
        {"role": "tool", "answers": ["c2"]},
        {"role": "assistant", "calls": ["c3"]},
    ]
    assert json.loads(found["tool_answers"]) == [{"id": "c2", "content": "pears", "failed": None}]
    assert found["tool_requests"] == found["plan_requests"]
    assert json.loads(json.loads(found["plan_requests"])[0]["arguments"]) == PLAN


def test_an_agents_span_repeats_messages_and_has_none_of_its_own() -> None:
    own: dict[str, str | None] = {"gen_ai.output.messages": json.dumps(SAID)}
    assert talk(own, (), "invoke_agent") == {}


def test_numbered_keys_are_put_together_in_their_order() -> None:
    own: dict[str, str | None] = {
        f"llm.input_messages.{n}.message.content": f"line {n}" for n in range(12)
    }
    own |= {f"llm.input_messages.{n}.message.role": "user" for n in range(12)}
    found = json.loads(talk(own, (), None)["new_messages"])
    assert [m["content"] for m in found] == [f"line {n}" for n in range(12)]


def test_the_first_place_with_messages_counts() -> None:
    own: dict[str, str | None] = {
        "gen_ai.output.messages": json.dumps(SAID),
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "the same again",
    }
    assert len(json.loads(talk(own, (), "chat")["new_messages"])) == 1


def test_a_span_may_have_its_messages_in_events() -> None:
    events = [
        ("gen_ai.user.message", {"content": '[{"text": "Go."}]'}),
        ("gen_ai.choice", {"message": '[{"toolUse": {"toolUseId": "c1", "name": "read"}}]'}),
    ]
    found = talk({}, events, "chat")
    assert json.loads(found["new_messages"]) == [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "calls": ["c1"]},
    ]


def test_a_log_record_may_be_one_message() -> None:
    found = talk_of_event("gen_ai.tool.message", '{"content": "{\\"status\\": 1}", "id": "c1"}')
    assert json.loads(found["tool_answers"]) == [
        {"id": "c1", "content": '{"status": 1}', "failed": None}
    ]
    assert talk_of_event("gen_ai.other", "{}") == {}


def test_a_tools_texts_may_be_in_its_events() -> None:
    events = [
        ("gen_ai.tool.message", {"content": json.dumps(PLAN)}),
        ("gen_ai.choice", {"message": '[{"text": "ok"}]'}),
    ]
    assert tool_texts(events) == (json.dumps(PLAN), "ok")


@pytest.mark.parametrize("cut", range(1, 120, 7))
def test_of_cut_json_the_whole_values_are_read(cut: int) -> None:
    text = json.dumps([{"a": [1, {"b": "x, } y"}], "c": n} for n in range(4)])
    found = loads(text[:-cut])
    assert isinstance(found, list)
    assert found[: len(found) - 1] == json.loads(text)[: len(found) - 1]


@pytest.mark.parametrize("text", [None, "", "plain", "[", "{", "]", '{"a"', "[" * 5000])
def test_what_cannot_be_read_is_nothing_or_empty(text: str | None) -> None:
    assert not loads(text)
