"""Hold what becomes of ambiguous and broken JSON, alone and beside good records: rule 31."""

import json
import secrets
from dataclasses import dataclass

import pytest

from . import build, otlp_json
from .answer import Answer, Verdict
from .doors import HttpDoor
from .otlp_json import Json
from .signals import TRACES
from .stored import Stored, dead_letters
from .target import Target


@dataclass(frozen=True, slots=True)
class Mixture:
    """A request with one good span and one with changes."""

    good: str
    odd: str
    body: bytes


def _mixture(changes: Json) -> Mixture:
    found = otlp_json.document(build.traces(build.span("good"), build.span("odd")))
    good, odd = otlp_json.spans_in(found)
    odd.update(changes)
    return Mixture(good["spanId"], odd["spanId"], otlp_json.text(found))


def _value(value: object) -> Json:
    return {"attributes": [{"key": "value", "value": value}]}


BAD_RECORDS: dict[str, Json] = {
    "a trace id that is not hex": {"traceId": "z" * 32},
    "a trace id that is too short": {"traceId": "ab" * 15},
    "a trace id that is too long": {"traceId": "ab" * 17},
    "a trace id of zeros": {"traceId": "0" * 32},
    "a trace id in base64": {"traceId": "W47/95gDgQPSabYzgT/GDA=="},
    "no trace id": {"traceId": ""},
    "a span id of odd length": {"spanId": "abc"},
    "a span id of zeros": {"spanId": "0" * 16},
    "a span id that is a number": {"spanId": 1234567890123456},
    "a parent id that is not hex": {"parentSpanId": "not-hex-not-hex-"},
    "an enum name": {"kind": "SPAN_KIND_SERVER"},
    "an integer beyond 64 bits": _value({"intValue": "9223372036854775808"}),
    "a time beyond 64 bits": {"startTimeUnixNano": "18446744073709551616"},
    "a negative time": {"startTimeUnixNano": "-1"},
    "an integer with a fraction": _value({"intValue": 5.5}),
    "an integer as text with a fraction": _value({"intValue": "5.0"}),
    "an integer as text with spaces": _value({"intValue": " 5 "}),
    "an integer that is a boolean": _value({"intValue": True}),
    "a boolean that is text": _value({"boolValue": "true"}),
    "a string that is a number": {"name": 5},
    "a double that is a word": _value({"doubleValue": "many"}),
    "bytes that are not base64": _value({"bytesValue": "!!!!"}),
    "two values in one": _value({"intValue": "1", "stringValue": "1"}),
    "a lone surrogate": {"name": "\ud800"},
    "a list that is an object": {"attributes": {"key": "value"}},
    "an object that is a list": {"status": []},
    "an element that is null": {"attributes": [None]},
}


@pytest.mark.rule(31, "ours")
@pytest.mark.parametrize("kind", BAD_RECORDS)
def test_a_bad_record_costs_only_itself(json_door: HttpDoor, kind: str) -> None:
    answer = json_door.send(TRACES, _mixture(BAD_RECORDS[kind]).body)
    assert answer.accepted
    assert answer.rejected == 1
    assert answer.message


@pytest.mark.rule(31, "ours")
@pytest.mark.parametrize("kind", BAD_RECORDS)
def test_what_is_beside_a_bad_record_is_stored(
    json_door: HttpDoor, target: Target, stored: Stored, kind: str
) -> None:
    mixture = _mixture(BAD_RECORDS[kind])
    assert json_door.send(TRACES, mixture.body).accepted
    wanted = f"SELECT name FROM spans WHERE span_id IN ('{mixture.good}', '{mixture.odd}')"
    assert stored(wanted) == [("good",)]
    assert target.data is not None
    assert dead_letters(target.data)


@pytest.mark.rule(31, "R")
@pytest.mark.parametrize("kind", BAD_RECORDS)
def test_a_bad_record_is_never_a_fault_of_the_server(json_door: HttpDoor, kind: str) -> None:
    answer = json_door.send(TRACES, _mixture(BAD_RECORDS[kind]).body)
    assert answer.verdict in {Verdict.ACCEPTED, Verdict.BAD_DATA}


GOOD_RECORDS: dict[str, Json] = {
    "null for a string": {"name": None},
    "null for an enum": {"kind": None},
    "null for a list": {"attributes": None},
    "null for an object": {"status": None},
    "null for an id": {"parentSpanId": None},
    "null for a value": _value(None),
    "null for one of several values": _value({"stringValue": "a", "intValue": None}),
    "an integral number with an exponent": _value({"intValue": 1e3}),
    "an empty value": _value({}),
}


@pytest.mark.rule(31, "R")
@pytest.mark.parametrize("kind", GOOD_RECORDS)
def test_null_is_absent_and_an_exponent_is_a_number(json_door: HttpDoor, kind: str) -> None:
    assert json_door.send(TRACES, _mixture(GOOD_RECORDS[kind]).body).whole


def _span_text(inner: str) -> bytes:
    """A document of one span written by hand, with `inner` among its members."""
    span = f'"spanId": "{secrets.token_hex(8)}", "traceId": "{secrets.token_hex(16)}", {inner}'
    return f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{{{span}}}]}}]}}]}}'.encode()


def _whole() -> bytes:
    return _span_text('"name": "whole"')


@pytest.mark.rule(31, "ours")
@pytest.mark.parametrize(
    "inner",
    ['"name": "a", "name": "b"', '"kind": 1, "kind": 1', '"new": {"x": 1, "x": 2}'],
    ids=["different", "equal", "in an unknown field"],
)
def test_duplicate_keys_are_bad_data(json_door: HttpDoor, inner: str) -> None:
    assert json_door.send(TRACES, _span_text(inner)).verdict is Verdict.BAD_DATA


BROKEN = {
    "trailing garbage": lambda: _whole() + b"x",
    "a second document": lambda: _whole() + _whole(),
    "a trailing comma": lambda: _whole()[:-1] + b",}",
    "a comment": lambda: _whole() + b" // done",
    "single quotes": lambda: _whole().replace(b'"', b"'"),
    "a bare NaN": lambda: _span_text('"startTimeUnixNano": NaN'),
    "a leading zero": lambda: _span_text('"kind": 01'),
    "a control character": lambda: _span_text('"name": "a\x01b"'),
    "a bad escape": lambda: _span_text('"name": "\\q"'),
    "bytes that are not UTF-8": lambda: _whole().replace(b"whole", b"\xff\xfe"),
    "UTF-16": lambda: _whole().decode().encode("utf-16"),
}


@pytest.mark.rule(31, "R")
@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_not_json_is_bad_data(json_door: HttpDoor, kind: str) -> None:
    assert json_door.send(TRACES, BROKEN[kind]()).verdict is Verdict.BAD_DATA


@pytest.mark.rule(31, "ours")
def test_a_byte_order_mark_is_bad_data(json_door: HttpDoor) -> None:
    assert json_door.send(TRACES, b"\xef\xbb\xbf" + _whole()).verdict is Verdict.BAD_DATA


@pytest.mark.rule(31, "R")
@pytest.mark.parametrize("space", [b" ", b"\r\n", b"\t\n "])
def test_white_space_around_the_document_means_nothing(json_door: HttpDoor, space: bytes) -> None:
    assert json_door.send(TRACES, space + _whole() + space).whole


@pytest.mark.rule(31, "R")
def test_escapes_and_plain_characters_are_the_same(json_door: HttpDoor) -> None:
    def sent(text: str) -> Answer:
        return json_door.send(TRACES, _span_text(f'"name": {text}'))

    assert sent('"\\u00e9\\ud83d\\ude00\\/"').whole
    assert sent(json.dumps("\u00e9\U0001f600/", ensure_ascii=False)).whole
