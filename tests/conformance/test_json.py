"""Hold the JSON mapping that every client relies on: rules 26 to 30."""

import secrets
from typing import Any

import pytest

from . import build, otlp_json
from .answer import Answer
from .doors import HttpDoor
from .otlp_json import Json
from .signals import LOGS, METRICS, TRACES, Signal
from .stored import Rows, Stored


def _send(door: HttpDoor, changes: Json, signal: Signal = TRACES) -> Answer:
    """Send one record with these JSON fields set over its own."""
    found = otlp_json.document(build.sample(signal))
    _record(found).update(changes)
    return door.send(signal, otlp_json.text(found))


def _record(found: Json) -> Json:
    """The one record of a document, whichever its signal."""
    value: Any = found
    for name in ("resource", "scope", ""):
        (key,) = (key for key in value if key.startswith(name) and isinstance(value[key], list))
        value = value[key][0]
    record: Json = value
    return record


def _with_value(value: object) -> tuple[str, Json]:
    """A span id, and fields of a span with that id and one attribute with this JSON value."""
    span_id = secrets.token_hex(8)
    return span_id, {"spanId": span_id, "attributes": [{"key": "value", "value": value}]}


def _stored(stored: Stored, column: str, span_id: str) -> Rows:
    return stored(f"SELECT {column} FROM spans WHERE span_id = '{span_id.lower()}'")


@pytest.mark.rule(26, "M")
@pytest.mark.parametrize("case", [str.lower, str.upper], ids=["lower", "upper"])
def test_ids_are_hex_in_either_case(json_door: HttpDoor, case: Any) -> None:
    ids = {
        "traceId": case("5b8efff798038103d269b633813fc60c"),
        "spanId": case(secrets.token_hex(8)),
        "parentSpanId": case("eee19b7ec3c1b173"),
    }
    assert _send(json_door, ids).whole


@pytest.mark.rule(26, "ours")
def test_ids_are_stored_as_they_were_sent(json_door: HttpDoor, stored: Stored) -> None:
    span_id, trace_id = secrets.token_hex(8).upper(), secrets.token_hex(16).upper()
    assert _send(json_door, {"spanId": span_id, "traceId": trace_id}).whole
    assert _stored(stored, "trace_id", span_id) == [(trace_id.lower(),)]


@pytest.mark.rule(26, "M")
@pytest.mark.parametrize("fields", [{}, {"traceId": "", "spanId": ""}], ids=["absent", "empty"])
def test_log_records_may_have_no_ids(json_door: HttpDoor, fields: Json) -> None:
    assert _send(json_door, fields, LOGS).whole


@pytest.mark.rule(26, "M")
def test_ids_of_links_and_log_records_are_hex_too(json_door: HttpDoor) -> None:
    ids = {"traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8)}
    assert _send(json_door, {"links": [ids]}).whole
    assert _send(json_door, ids, LOGS).whole


@pytest.mark.rule(27, "M")
@pytest.mark.parametrize("number", range(6))
def test_enums_are_integers(json_door: HttpDoor, number: int) -> None:
    assert _send(json_door, {"kind": number, "status": {"code": number % 3}}).whole


@pytest.mark.rule(27, "R")
def test_an_unknown_enum_integer_is_accepted(json_door: HttpDoor) -> None:
    assert _send(json_door, {"kind": 77}).whole
    assert _send(json_door, {"severityNumber": 99}, LOGS).whole


@pytest.mark.rule(27, "ours")
def test_an_unknown_enum_integer_is_stored(json_door: HttpDoor, stored: Stored) -> None:
    span_id = secrets.token_hex(8)
    assert _send(json_door, {"spanId": span_id, "kind": 77}).whole
    assert _stored(stored, "kind", span_id) == [(77,)]


@pytest.mark.rule(27, "ours")
@pytest.mark.parametrize("name", ["SPAN_KIND_SERVER", "SERVER", "server", "2"])
def test_an_enum_name_is_not_accepted(json_door: HttpDoor, name: str) -> None:
    answer = _send(json_door, {"kind": name})
    assert not answer.accepted or answer.rejected == 1


_UNKNOWN = {"fromALaterVersion": {"nested": [1, "a", None, {"deep": True}]}, "$": "x"}


@pytest.mark.rule(28, "M")
def test_unknown_names_are_ignored_in_a_record(json_door: HttpDoor, signal: Signal) -> None:
    assert _send(json_door, _UNKNOWN, signal).whole


@pytest.mark.rule(28, "M")
def test_unknown_names_are_ignored_at_every_level(json_door: HttpDoor) -> None:
    found = otlp_json.document(build.traces(build.span(attributes=(build.attribute("a", "b"),))))
    levels = [found, found["resourceSpans"][0], found["resourceSpans"][0]["scopeSpans"][0]]
    attribute = otlp_json.spans_in(found)[0]["attributes"][0]
    for level in (*levels, attribute, attribute["value"]):
        level.update(_UNKNOWN)
    assert json_door.send(TRACES, otlp_json.text(found)).whole


@pytest.mark.rule(28, "R")
def test_a_name_without_characters_is_an_unknown_name(json_door: HttpDoor, signal: Signal) -> None:
    assert _send(json_door, {"": 1}, signal).whole


@pytest.mark.rule(29, "M")
def test_keys_are_lower_camel_case(json_door: HttpDoor, signal: Signal) -> None:
    found = otlp_json.document(build.sample(signal))
    assert not [key for key in _record(found) if "_" in key]
    assert json_door.send(signal, otlp_json.text(found)).whole


@pytest.mark.rule(29, "ours")
def test_a_snake_case_key_is_an_unknown_name(json_door: HttpDoor, stored: Stored) -> None:
    span_id = secrets.token_hex(8)
    answer = _send(json_door, {"spanId": span_id, "parent_span_id": "eee19b7ec3c1b173"})
    assert answer.whole
    assert _stored(stored, "parent_span_id", span_id) == [(None,)]


@pytest.mark.rule(29, "ours")
def test_a_snake_case_request_is_an_empty_one(json_door: HttpDoor) -> None:
    assert json_door.send(TRACES, b'{"resource_spans": [{"scope_spans": 5}]}').whole


_BIG = 2**53 + 1
"""The first integer that is lost when JSON numbers are read as doubles."""


@pytest.mark.rule(30, "M")
@pytest.mark.parametrize("value", [5, "5", -1, str(2**63 - 1), 2**63 - 1, str(-(2**63)), "-0"])
def test_64_bit_integers_are_strings_or_numbers(json_door: HttpDoor, value: object) -> None:
    assert _send(json_door, _with_value({"intValue": value})[1]).whole


@pytest.mark.rule(30, "M")
@pytest.mark.parametrize("as_type", [int, str])
def test_times_are_strings_or_numbers(json_door: HttpDoor, as_type: type) -> None:
    times = {"startTimeUnixNano": as_type(_BIG), "endTimeUnixNano": as_type(2**64 - 1)}
    assert _send(json_door, times).whole


@pytest.mark.rule(30, "ours")
@pytest.mark.parametrize("as_type", [int, str])
def test_integers_are_stored_exactly(json_door: HttpDoor, stored: Stored, as_type: type) -> None:
    span_id, fields = _with_value({"intValue": as_type(_BIG)})
    assert _send(json_door, fields | {"startTimeUnixNano": as_type(_BIG)}).whole
    kept = _stored(stored, "start_ns, attributes['value']", span_id)
    assert kept == [(_BIG, str(_BIG))]


@pytest.mark.rule(30, "M")
@pytest.mark.parametrize("value", [1.5, 5, -0.0, "NaN", "Infinity", "-Infinity", "1.5", 1e308])
def test_doubles_are_numbers_or_names_of_what_is_no_number(
    json_door: HttpDoor, value: object
) -> None:
    assert _send(json_door, _with_value({"doubleValue": value})[1]).whole


@pytest.mark.rule(30, "M")
@pytest.mark.parametrize("value", ["", "AP8=", "+/+/"])
def test_bytes_are_base64(json_door: HttpDoor, value: str) -> None:
    assert _send(json_door, _with_value({"bytesValue": value})[1]).whole


@pytest.mark.rule(30, "R")
@pytest.mark.parametrize("value", ["AP8", "-_-_"])
def test_base64_may_lack_padding_or_have_the_alphabet_of_urls(
    json_door: HttpDoor, value: str
) -> None:
    # As proto3's JSON mapping says, on which OTLP's is built.
    assert _send(json_door, _with_value({"bytesValue": value})[1]).whole


@pytest.mark.rule(30, "M")
@pytest.mark.parametrize("value", ["5", 5])
def test_data_points_take_integers_as_strings_or_numbers(
    json_door: HttpDoor, value: object
) -> None:
    gauge = {"gauge": {"dataPoints": [{"timeUnixNano": "1", "asInt": value}]}}
    assert _send(json_door, gauge, METRICS).whole
