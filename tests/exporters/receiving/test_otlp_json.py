"""Hold the translation to the OTLP/JSON rules, and to protobuf's own where those are the same."""

import contextlib
import json
import time

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.decoding.wire import WIRES
from spanledger_exporters.errors import BadRequestError, TooLargeError
from spanledger_exporters.receiving import otlp_json
from spanledger_exporters.receiving.otlp_json import MAX_REJECTS, MAX_TOKENS, parse
from strategies import requests

SIGNALS = list(WIRES)
ID = {"traceId": "01" * 16, "spanId": "02" * 8}


@pytest.mark.parametrize("signal", SIGNALS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_request_comes_back_bit_for_bit(signal: str, data: st.DataObject) -> None:
    request = data.draw(requests(signal))
    text = otlp_json.format(request)
    parsed = parse(signal, text)
    assert parsed.payload == request.SerializeToString()
    assert parsed.rejects == []
    assert otlp_json.format(WIRES[signal].request.FromString(parsed.payload)) == text


@pytest.mark.parametrize("signal", SIGNALS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_text_is_protobufs_own_but_for_ids(signal: str, data: st.DataObject) -> None:
    request = data.draw(requests(signal))
    theirs = json_format.MessageToDict(request, use_integers_for_enums=True)
    assert _without_ids(json.loads(otlp_json.format(request))) == _without_ids(theirs)


def _without_ids(value: object) -> object:
    if isinstance(value, dict):
        ids = {"traceId", "spanId", "parentSpanId"}
        return {k: _without_ids(v) for k, v in value.items() if k not in ids}
    return [_without_ids(v) for v in value] if isinstance(value, list) else value


def test_ids_are_written_in_lower_case_hex() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id = b"\xab" * 16, b"\xcd" * 8
    text = otlp_json.format(request)
    assert b'"traceId":"abababababababababababababababab","spanId":"cdcdcdcdcdcdcdcd"' in text


def spans(*records: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": records}]}]}).encode()


def names(parsed: otlp_json.Parsed) -> list[str]:
    request = ExportTraceServiceRequest.FromString(parsed.payload)
    return [s.name for r in request.resource_spans for c in r.scope_spans for s in c.spans]


def with_value(value: object) -> dict[str, object]:
    return {**ID, "name": "bad", "attributes": [{"key": "k", "value": value}]}


@pytest.mark.parametrize(
    "bad",
    [
        {**ID, "traceId": "0102"},
        {**ID, "spanId": "zz" * 8},
        {**ID, "kind": "SPAN_KIND_CLIENT"},
        {**ID, "kind": 2**31},
        {**ID, "startTimeUnixNano": "-1"},
        {**ID, "startTimeUnixNano": str(2**64)},
        {**ID, "flags": -1},
        {**ID, "name": "\ud800"},
        {**ID, "name": {"first": "x"}},
        {**ID, "events": [{"name": 5}]},
        with_value({"intValue": str(2**63)}),
        with_value({"intValue": -(2**63) - 1}),
        with_value({"intValue": "5.0"}),
        with_value({"stringValue": "\udfff"}),
        with_value({"stringValue": "x", "boolValue": True}),
        {**ID, "attributes": {"k": "v"}},
        {**ID, "attributes": [None]},
        "a string",
        None,
        5,
    ],
)
def test_a_bad_span_is_rejected_alone_with_its_text(bad: object) -> None:
    parsed = parse("spans", spans({**ID, "name": "a"}, bad, {**ID, "name": "z"}))
    assert names(parsed) == ["a", "z"]
    assert parsed.records == 2
    (reject,) = parsed.rejects
    assert json.loads(reject.raw) == bad
    assert reject.reason.startswith("Span: ")


def test_a_bad_log_record_and_a_bad_metric_are_rejected_alone() -> None:
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityNumber": "INFO"}, {}]}]}]}
    parsed = parse("logs", json.dumps(logs).encode())
    assert (parsed.records, [r.raw for r in parsed.rejects]) == (1, [b'{"severityNumber": "INFO"}'])
    point = {"asInt": "1", "asDouble": 1.0}
    bad = {"name": "m", "sum": {"dataPoints": [point]}}
    both: dict[str, object] = {"gauge": {}, "sum": {}}
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [bad, {"name": "n"}, both]}]}]}
    parsed = parse("metrics", json.dumps(metrics).encode())
    assert (parsed.records, len(parsed.rejects)) == (1, 2)
    assert "only one of as_double, as_int" in parsed.rejects[0].reason


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"x"',
        b"{",
        b"{'a':1}",
        b"{} {}",
        b"{}x",
        b"\xef\xbb\xbf{}",
        b"{}\xff",
        "{}".encode("utf-16"),
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'{"resourceSpans":[],"resourceSpans":[]}',
        b'{"resourceSpans":{}}',
        b'{"resourceSpans":[5]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}',
        b'{"resourceSpans":[{"resource":{"attributes":[{"key":5}]}}]}',
        b'{"resourceSpans":[{"schemaUrl":"\\ud800"}]}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\n"}',
    ],
)
def test_what_is_no_request_at_all_is_a_bad_request(text: bytes) -> None:
    with pytest.raises(BadRequestError) as error:
        parse("spans", text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"resourceSpans":[{"scopeSpans":['])
@pytest.mark.parametrize("levels", [1_000, 10_000, 1_000_000])
def test_deep_nesting_is_a_bad_request(opening: bytes, levels: int) -> None:
    with pytest.raises(BadRequestError):
        parse("spans", opening * levels)


@pytest.mark.parametrize("levels", [30, 100, *range(200, 340, 5), 1_000, 5_000])
def test_a_deep_value_never_raises_anything_else(levels: int) -> None:
    opened = b'{"arrayValue":{"values":[' * levels + b"{}" + b"]}}" * levels
    text = spans({**ID, "name": "x"}, {"attributes": [{"key": "k", "value": "@"}]})
    try:
        parsed = parse("spans", text.replace(b'"@"', opened))
    except BadRequestError:
        return
    assert parsed.records + len(parsed.rejects) == 2


def test_a_text_of_too_many_values_is_too_large() -> None:
    start = time.process_time()
    with pytest.raises(TooLargeError, match="smaller batches"):
        parse("spans", b"[" + b"{}," * (MAX_TOKENS // 2 + 1) + b"{}]")
    assert time.process_time() - start < 1


def test_a_text_of_bad_records_only_is_refused_before_it_fills_the_dead_letters() -> None:
    with pytest.raises(BadRequestError, match="over 50,000 bad records, such as: an object"):
        parse("spans", spans(*[None] * (MAX_REJECTS + 1)))


def test_names_in_snake_case_are_unknown_and_ignored() -> None:
    assert parse("spans", b'{"resource_spans":[{}],"resourceSpans":null}').payload == b""
    assert names(parse("spans", spans({**ID, "name": "a", "end_time_unix_nano": "x"}))) == ["a"]


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("text", [b"{}", b' {"unknown": 5}\n'])
def test_an_empty_request_is_one(signal: str, text: bytes) -> None:
    assert parse(signal, text) == otlp_json.Parsed(b"", [], 0)


def test_a_span_as_javascript_clients_send_it_is_kept() -> None:
    attributes = [
        {"key": "int", "value": {"intValue": 5}},
        {"key": "null", "value": {"doubleValue": None}},
        {"key": "empty", "value": {}},
    ]
    parsed = parse("spans", spans({**ID, "droppedLinksCount": 0, "attributes": attributes}))
    request = ExportTraceServiceRequest.FromString(parsed.payload)
    kept = request.resource_spans[0].scope_spans[0].spans[0].attributes
    assert [a.value.WhichOneof("value") for a in kept] == ["int_value", None, None]
    assert all(a.HasField("value") for a in kept)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 10_000), with_=st.binary(min_size=1, max_size=3))
def test_a_damaged_text_is_parsed_or_refused(at: int, with_: bytes) -> None:
    value = {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "5"}}]}}
    text = spans({**with_value(value), "kind": 1, "startTimeUnixNano": "17"})
    place = at % len(text)
    with contextlib.suppress(BadRequestError):
        parse("spans", text[:place] + with_ + text[place + len(with_) :])
