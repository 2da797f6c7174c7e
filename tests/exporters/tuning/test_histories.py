"""Read what begins like the one before, and refuse what is broken all the same."""

import json

import pytest

from spanledger_exporters.decoding.messages import Message
from spanledger_exporters.tuning import chat
from spanledger_exporters.tuning.chat import RefusedError
from spanledger_exporters.tuning.histories import Histories, Talk, conversation

ASKED = {"role": "user", "content": "a ] , [ b"}
SAID = {"role": "assistant", "content": 'c"]'}
AGAIN = {"role": "user", "content": "d"}


@pytest.mark.parametrize("separators", [(",", ":"), (" , ", ": ")])
def test_a_history_is_read_the_same_whether_its_beginning_is_known_or_not(
    separators: tuple[str, str],
) -> None:
    histories = Histories()
    for items in ([ASKED], [ASKED, SAID], [ASKED, SAID, AGAIN], [SAID], [], [AGAIN, SAID]):
        text = json.dumps(items, separators=separators)
        assert histories.read(text) == chat.messages(text)


def test_what_continues_a_history_must_be_whole() -> None:
    begin = json.dumps([ASKED])
    for end in (",]", ", ]", ",{}", ', {"role": "user"', "x]", ',{"role":"user","content":"e"}]]'):
        histories = Histories()
        histories.read(begin)
        with pytest.raises(RefusedError, match="cut or broken JSON"):
            histories.read(begin[:-1] + end)


def test_an_object_around_a_history_is_read_whole_each_time() -> None:
    histories = Histories()
    for items in ([ASKED], [ASKED, SAID]):
        text = json.dumps({"messages": items, "system": "Be brief."})
        assert histories.read(text) == chat.messages(text)
        assert histories.read(text)[0] == Message("system", "Be brief.")


def test_a_talk_told_again_is_the_same_and_one_that_branches_is_not() -> None:
    begin = Talk()
    first, second = Message("user", "one"), Message("assistant", "two")
    one = conversation([first, second], begin)
    assert conversation([first, second], begin) == one == conversation([first, second])
    other = conversation([first, Message("assistant", "three")], begin)
    assert other.keys[:2] == one.keys[:2]
    assert other.keys[2] != one.keys[2]


def test_a_system_prompt_said_twice_is_there_once() -> None:
    system = Message("system", "Be brief.")
    told = conversation([system, Message("user", "one"), system, Message("assistant", "two")])
    assert [said.role for said in told.said] == ["system", "user", "assistant"]


def test_gemini_and_responses_keep_the_system_prompt_beside_the_talk() -> None:
    told = [{"role": "user", "parts": [{"text": "hello"}]}]
    for more in (
        {"config": {"system_instruction": "Be brief."}},
        {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
        {"instructions": "Be brief."},
    ):
        found = chat.messages(json.dumps({"contents": told, **more}))
        assert found == [Message("system", "Be brief."), Message("user", "hello")]
