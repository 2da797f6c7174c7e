"""Hold the wire form of every outcome to the OTLP specification."""

import json
import logging

import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from spanledger_exporters.errors import (
    BadRequestError,
    BusyError,
    LedgerError,
    StoreError,
    TooLargeError,
)
from spanledger_exporters.receiving.answers import (
    MAX_MESSAGE,
    Encoding,
    Refusal,
    body,
    encoding_of,
    refusal_of,
    response,
    status,
)
from spanledger_exporters.receiving.intake import Receipt

SIGNALS = ["spans", "logs", "metrics"]


@pytest.mark.parametrize("signal", SIGNALS)
def test_full_success_leaves_partial_success_unset(signal: str) -> None:
    answer = response(signal, Receipt(0, ""))
    assert body(answer, Encoding.PROTOBUF) == b""
    assert body(answer, Encoding.JSON) == b"{}"


def test_partial_success_counts_what_was_rejected_and_says_why() -> None:
    spans = trace_service_pb2.ExportTraceServiceResponse()
    spans.partial_success.rejected_spans = 2
    spans.partial_success.error_message = "bad"
    assert response("spans", Receipt(2, "bad")) == spans
    logs = logs_service_pb2.ExportLogsServiceResponse()
    logs.partial_success.rejected_log_records = 1
    assert response("logs", Receipt(1, "")) == logs
    metrics = metrics_service_pb2.ExportMetricsServiceResponse()
    metrics.partial_success.error_message = "only a warning"
    assert response("metrics", Receipt(0, "only a warning")) == metrics


def test_partial_success_in_json_has_64_bit_counts_as_strings() -> None:
    answer = body(response("spans", Receipt(2, "bad")), Encoding.JSON)
    assert json.loads(answer) == {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "bad"}}


@pytest.mark.parametrize(
    ("error", "http_status", "code", "retryable"),
    [
        (BadRequestError("x"), 400, StatusCode.INVALID_ARGUMENT, False),
        (TooLargeError("x"), 413, StatusCode.RESOURCE_EXHAUSTED, False),
        (BusyError("x"), 503, StatusCode.UNAVAILABLE, True),
        (StoreError("x"), 503, StatusCode.UNAVAILABLE, True),
        (LedgerError("x"), 503, StatusCode.UNAVAILABLE, True),
    ],
)
def test_the_class_of_an_error_decides_its_status(
    error: Exception, http_status: int, code: StatusCode, *, retryable: bool
) -> None:
    refusal = refusal_of(error)
    assert refusal == Refusal(http_status, code, "x")
    assert refusal.retryable is retryable


def test_an_unforeseen_error_is_retryable_and_logged_once_a_kind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class UnforeseenError(Exception):
        pass

    with caplog.at_level(logging.ERROR):
        refusals = [refusal_of(UnforeseenError("secret")) for _ in range(3)]
    assert {r.http_status for r in refusals} == {503}
    assert all("secret" not in r.message for r in refusals)
    assert len(caplog.records) == 1


def test_bad_data_is_explained_in_a_bad_request_detail() -> None:
    found = status(refusal_of(BadRequestError("no JSON")))
    detail = error_details_pb2.BadRequest()
    assert found.details[0].Unpack(detail)
    assert detail.field_violations[0].description == "no JSON"
    assert (found.code, found.message) == (3, "no JSON")


def test_only_what_may_be_sent_again_has_retry_info() -> None:
    retry = error_details_pb2.RetryInfo()
    assert status(refusal_of(BusyError("later"))).details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 1
    assert not status(refusal_of(TooLargeError("never"))).details


def test_a_status_is_the_same_in_both_encodings() -> None:
    found = status(refusal_of(BadRequestError("no JSON")))
    assert status_pb2.Status.FromString(body(found, Encoding.PROTOBUF)) == found
    written = json.loads(body(found, Encoding.JSON))
    assert written["code"] == 3
    assert written["details"][0]["@type"] == "type.googleapis.com/google.rpc.BadRequest"


def test_messages_are_cut_to_what_headers_hold() -> None:
    assert len(status(refusal_of(BadRequestError("x" * 10_000))).message) == MAX_MESSAGE


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/x-protobuf", Encoding.PROTOBUF),
        ("application/json", Encoding.JSON),
        ("Application/JSON; charset=utf-8", Encoding.JSON),
        ("application/x-protobuf;proto=x", Encoding.PROTOBUF),
        ("application/jsonx", None),
        ("text/plain", None),
        ("", None),
    ],
)
def test_the_content_type_names_the_encoding(content_type: str, encoding: Encoding | None) -> None:
    assert encoding_of(content_type) is encoding
