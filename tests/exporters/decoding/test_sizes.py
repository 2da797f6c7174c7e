"""What decoded requests take on the wire is what protobuf writes for them."""

from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from spanledger_exporters.decoding.sizes import shortest
from spanledger_exporters.decoding.wire import arrow_handler, arrow_kind
from strategies import requests as any_request

INT64 = range(-(1 << 63), 1 << 63)


def one_span(**fields: Any) -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(**fields)
    return request.SerializeToString()


def sizes(signal: str, payloads: list[bytes]) -> list[int]:
    batch = arrow_handler(signal).list_to_record_batch(payloads)
    found: list[int] = shortest(arrow_kind(signal), batch.to_struct_array()).to_pylist()
    return found


@pytest.mark.parametrize("signal", ["spans", "logs"])
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_request_is_as_long_as_protobuf_writes_it(signal: str, data: st.DataObject) -> None:
    drawn: list[Message] = data.draw(st.lists(any_request(signal), min_size=1, max_size=3))
    payloads = [message.SerializeToString() for message in drawn]
    assert sizes(signal, payloads) == [len(payload) for payload in payloads]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_lengths_of_any_size_are_counted(length: int) -> None:
    payload = one_span(name="x" * length)
    assert sizes("spans", [payload]) == [len(payload)]


@pytest.mark.parametrize("bits", range(64))
def test_numbers_of_any_size_are_counted(bits: int) -> None:
    numbers = [number for number in ((1 << bits) - 1, 1 << bits, -1 << bits) if number in INT64]
    payloads = [
        one_span(attributes=[KeyValue(key="n", value=AnyValue(int_value=number))])
        for number in numbers
    ]
    assert sizes("spans", payloads) == [len(payload) for payload in payloads]


def test_what_was_not_decoded_is_missed() -> None:
    payload = one_span(name="x")
    assert sizes("spans", [payload + b"\xa2\x06\x03new"]) == [len(payload)]
