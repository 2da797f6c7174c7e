"""Refuse what is not a whole conversation."""

import pytest

from spanledger_exporters.decoding.messages import Answer, Message, Request
from spanledger_exporters.tuning import chat
from spanledger_exporters.tuning.chat import RefusedError
from spanledger_exporters.tuning.histories import conversation

ASKED = Message("user", "count them")


def calling(arguments: str, call_id: str = "c1") -> Message:
    return Message("assistant", None, (Request(call_id, "count", arguments),))


def answered(call_id: str | None = "c1", content: str = "3") -> Message:
    return Message("tool", None, (), (Answer(call_id, content, None),))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([ASKED, calling('{"a": ')], "cut or broken JSON"),
        ([ASKED, calling("[1]")], "cut or broken JSON"),
        ([ASKED, calling("{}"), ASKED], "without an answer"),
        ([ASKED, answered()], "nobody asked for"),
        ([ASKED, calling("{}"), answered("c2")], "nobody asked for"),
        ([Message("user", "")], "an empty message of the user"),
        ([Message("user", "[REDACTED]")], "hid"),
        ([Message("user", "a" * 300 + "[TRUNCATED - Content exceeds 60KB]")], "length limit"),
        ([Message("user", "[image]")], "images"),
    ],
)
def test_what_is_not_whole_is_refused(told: list[Message], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        conversation(told)


def test_a_cut_history_is_refused_and_not_repaired() -> None:
    with pytest.raises(RefusedError, match="cut or broken JSON"):
        chat.messages('{"messages": [{"role": "user", "content": "hel')


def test_ids_do_not_make_another_conversation() -> None:
    one = conversation([ASKED, calling('{"a": 1}', "c1"), answered("c1")])
    two = conversation([ASKED, calling('{"a":1}', "c9"), answered("c9")])
    assert one.keys == two.keys
    assert one.keys != conversation([ASKED, calling('{"a": 2}'), answered()]).keys


def test_an_id_with_the_tools_name_in_front_is_the_same_id() -> None:
    told = conversation([ASKED, calling("{}", "count__c1"), answered("c1")])
    assert told.said[-1].answers == "count__c1"
