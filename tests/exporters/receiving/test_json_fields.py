"""Hold every scalar of OTLP/JSON to its rule."""

import math

import pytest
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from spanledger_exporters.receiving.json_fields import Table, tables

_FILES = (trace_pb2.DESCRIPTOR, logs_pb2.DESCRIPTOR, common_pb2.DESCRIPTOR)


def table(name: str) -> Table:
    message = next(f.message_types_by_name[name] for f in _FILES if name in f.message_types_by_name)
    return tables(message, frozenset())[message.full_name]


SPAN, LOG, VALUE = table("Span"), table("LogRecord"), table("AnyValue")


@pytest.mark.parametrize(
    ("value", "converted"),
    [
        ({"stringValue": "x"}, {"string_value": "x"}),
        ({"stringValue": ""}, {"string_value": ""}),
        ({"boolValue": False}, {"bool_value": False}),
        ({"intValue": "-9223372036854775808"}, {"int_value": -(2**63)}),
        ({"intValue": 5}, {"int_value": 5}),
        ({"intValue": 1e3}, {"int_value": 1000}),
        ({"doubleValue": 5}, {"double_value": 5.0}),
        ({"doubleValue": "-1.5e-3"}, {"double_value": -0.0015}),
        ({"doubleValue": "Infinity"}, {"double_value": math.inf}),
        ({"doubleValue": "-Infinity"}, {"double_value": -math.inf}),
        ({"bytesValue": "+/8="}, {"bytes_value": b"\xfb\xff"}),
        ({"bytesValue": "-_8"}, {"bytes_value": b"\xfb\xff"}),
        ({"bytesValue": ""}, {"bytes_value": b""}),
        ({"arrayValue": {}}, {"array_value": {}}),
        ({"kvlistValue": {"values": []}}, {"kvlist_value": {"values": []}}),
        ({}, {}),
        ({"doubleValue": None}, {}),
        ({"intValue": "1", "doubleValue": None}, {"int_value": 1}),
        ({"string_value": "x", "newValue": {"any": [1]}}, {}),
    ],
)
def test_a_value_is_read(value: object, converted: dict[str, object]) -> None:
    assert VALUE.convert(value) == converted


def test_nan_is_read() -> None:
    (number,) = VALUE.convert({"doubleValue": "NaN"}).values()
    assert isinstance(number, float)
    assert math.isnan(number)


@pytest.mark.parametrize(
    "value",
    [
        {"stringValue": 5},
        {"boolValue": "true"},
        {"boolValue": 1},
        {"intValue": "5.0"},
        {"intValue": "1e3"},
        {"intValue": "0x10"},
        {"intValue": " 5"},
        {"intValue": "1_000"},
        {"intValue": "\u0665"},
        {"intValue": ""},
        {"intValue": 5.5},
        {"intValue": True},
        {"intValue": 1e400},
        {"doubleValue": "nan"},
        {"doubleValue": "1_0"},
        {"doubleValue": "1e400"},
        {"doubleValue": 1e400},
        {"doubleValue": 10**400},
        {"doubleValue": True},
        {"doubleValue": []},
        {"bytesValue": "a"},
        {"bytesValue": "@@@@"},
        {"arrayValue": []},
        {"arrayValue": {"values": {}}},
        {"arrayValue": {"values": [None]}},
        {"kvlistValue": {"values": [5]}},
        {"stringValue": "x", "intValue": 5},
        {"arrayValue": {}, "kvlistValue": {}},
        [],
        "x",
        None,
    ],
)
def test_a_value_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        VALUE.convert(value)


@pytest.mark.parametrize(
    ("field", "value", "converted"),
    [
        ("traceId", "0102030405060708090A0b0c0d0e0f10", bytes(range(1, 17))),
        ("traceId", "", b""),
        ("spanId", "0102030405060708", bytes(range(1, 9))),
        ("parentSpanId", "FFFFFFFFFFFFFFFF", b"\xff" * 8),
    ],
)
def test_an_id_is_hex_in_either_case(field: str, value: str, converted: bytes) -> None:
    assert list(SPAN.convert({field: value}).values()) == [converted]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("traceId", "0102"),
        ("traceId", "AQIDBAUGBwgJCgsMDQ4PEA=="),
        ("traceId", "01 02 03 04 05 06 07 08 09 0a 0b"),
        ("traceId", "0102030405060708090a0b0c0d0e0f1g"),
        ("traceId", 5),
        ("spanId", "0102030405060708090a0b0c0d0e0f10"),
        ("parentSpanId", "01020304050607"),
    ],
)
def test_an_id_that_is_not_hex_of_its_length_is_refused(field: str, value: object) -> None:
    with pytest.raises((ValueError, TypeError), match=f"^{field}: "):
        SPAN.convert({field: value})


def test_enums_are_integers_and_unknown_ones_are_kept() -> None:
    assert SPAN.convert({"kind": 3}) == {"kind": 3}
    assert LOG.convert({"severityNumber": 99}) == {"severity_number": 99}
    for name in ("SPAN_KIND_CLIENT", "3", True, 3.0):
        with pytest.raises((TypeError, ValueError)):
            SPAN.convert({"kind": name})


def test_the_reason_says_where() -> None:
    span = {"attributes": [{"key": "a", "value": {"arrayValue": {"values": [{"intValue": "x"}]}}}]}
    where = "attributes: value: arrayValue: values: intValue"
    with pytest.raises(ValueError, match=f"^{where}: an integer was expected, not 'x'$"):
        SPAN.convert(span)


def test_a_long_value_is_short_in_the_reason() -> None:
    with pytest.raises(ValueError, match="intValue") as error:
        VALUE.convert({"intValue": "9" * 100_000})
    assert len(str(error.value)) < 200
