"""A tool's arguments come out of what frameworks wrap around them."""

import json

import pytest

from spanledger_exporters.decoding.talk import arguments

TODOS = {"todos": [{"content": "Read it", "status": "pending"}]}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"input_str": "{}", "inputs": TODOS, "kwargs": {"tool_call_id": "c1"}}),
        json.dumps({"input_str": str(TODOS)}),
        json.dumps({"input": str(TODOS)}),
        json.dumps({"input": TODOS}),
        json.dumps({"args": [], "kwargs": TODOS}),
        str(TODOS),
    ],
)
def test_a_wrapped_list_is_found(text: str) -> None:
    assert json.loads(arguments(text)) == TODOS


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TODOS),
        '{"todos": [{"content": "cut off he',
        "{'todos': [{'content': 'cut off he",
        "- [ ] a check list",
        "{'call': __import__('os')}",
        '{"input": 5, "other": 6}',
        "",
    ],
)
def test_anything_else_stays_as_it_is(text: str) -> None:
    assert arguments(text) == text


def test_keyword_arguments_alone_are_the_arguments() -> None:
    text = '{"kwargs": {"todos": []}}'
    assert json.loads(arguments(text)) == {"todos": []}
