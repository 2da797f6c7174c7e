"""Say how every outcome looks on the wire: success, partial success, `google.rpc.Status`.

The rules are those of the OTLP specification ("OTLP/gRPC Response", "OTLP/HTTP Response"): a full
success leaves `partial_success` unset, every HTTP error has a Status in the request's encoding, and
only 429, 502, 503 and 504 are tried again, so a fault of our own is a 503.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from spanledger_exporters.errors import BadRequestError, LedgerError, TooLargeError
from spanledger_exporters.receiving.intake import Receipt, Reject

RETRY_AFTER_S: Final = 1
"""Clients give up at once when asked to wait longer than what is left of their 10 seconds."""

MAX_MESSAGE: Final = 500
"""Characters of a message. gRPC sends an error's three times, as headers, of which clients take
8 KiB; a response must stay under 4 MiB."""

_RESPONSES: Final[dict[str, tuple[type[Message], type[Message], str]]] = {
    "spans": (
        trace_service_pb2.ExportTraceServiceResponse,
        trace_service_pb2.ExportTracePartialSuccess,
        "rejected_spans",
    ),
    "logs": (
        logs_service_pb2.ExportLogsServiceResponse,
        logs_service_pb2.ExportLogsPartialSuccess,
        "rejected_log_records",
    ),
    "metrics": (
        metrics_service_pb2.ExportMetricsServiceResponse,
        metrics_service_pb2.ExportMetricsPartialSuccess,
        "rejected_data_points",
    ),
}

_log: Final = logging.getLogger(__name__)
_reported: Final[set[type[BaseException]]] = set()


class Door(Protocol):
    """Where requests go in; `receiving.intake.Intake` is the one."""

    def submit(
        self, signal: str, payload: bytes, rejects: Sequence[Reject] = ()
    ) -> Future[Receipt]:
        """Resolves when the serialized request is durable."""
        ...


class Encoding(Enum):
    """The two encodings of OTLP/HTTP; the value is the media type."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not accepted: HTTP and gRPC status, one line for its sender."""

    http_status: int
    code: StatusCode
    message: str

    @property
    def retryable(self) -> bool:
        """Whether the sender should send the same again."""
        return self.code is StatusCode.UNAVAILABLE


RETRY: Final = error_details_pb2.RetryInfo(retry_delay=Duration(seconds=RETRY_AFTER_S))
"""When to come back, for whoever reads it."""


def encoding_of(content_type: str) -> Encoding | None:
    """The encoding a Content-Type names, its parameters apart; None for any other."""
    media_type = content_type.partition(";")[0].strip().lower()
    return next((e for e in Encoding if e.value == media_type), None)


def response(signal: str, receipt: Receipt) -> Message:
    """The Export<Signal>ServiceResponse: empty when everything was taken."""
    kind, partial, rejected = _RESPONSES[signal]
    if not receipt.rejected and not receipt.message:
        return kind()
    counts = {rejected: receipt.rejected}
    return kind(partial_success=partial(**counts, error_message=receipt.message[:MAX_MESSAGE]))


def refusal_of(error: BaseException) -> Refusal:
    """What an exception means to the sender; one that is not ours is logged, once a kind."""
    if isinstance(error, BadRequestError):
        return Refusal(400, StatusCode.INVALID_ARGUMENT, str(error))
    if isinstance(error, TooLargeError):
        return Refusal(413, StatusCode.RESOURCE_EXHAUSTED, str(error))
    if isinstance(error, LedgerError):
        return Refusal(503, StatusCode.UNAVAILABLE, str(error))
    if type(error) not in _reported:
        _reported.add(type(error))
        _log.error("a request failed unforeseen; its sender is asked to retry", exc_info=error)
    return Refusal(503, StatusCode.UNAVAILABLE, "internal error, try again")


def status(refusal: Refusal) -> status_pb2.Status:
    """The error's body: BadRequest for what can never be taken, RetryInfo for what can later."""
    message = refusal.message[:MAX_MESSAGE]
    found = status_pb2.Status(code=refusal.code.value[0], message=message)
    if refusal.code is StatusCode.INVALID_ARGUMENT:
        violation = error_details_pb2.BadRequest.FieldViolation(description=message)
        found.details.add().Pack(error_details_pb2.BadRequest(field_violations=[violation]))
    if refusal.retryable:
        found.details.add().Pack(RETRY)
    return found


def body(message: Message, encoding: Encoding) -> bytes:
    """A response or Status as an HTTP body; neither holds ids, so proto3 JSON is right."""
    if encoding is Encoding.PROTOBUF:
        return message.SerializeToString()
    return json_format.MessageToJson(message, indent=None).encode()
