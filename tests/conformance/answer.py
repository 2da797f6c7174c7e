"""Read what a server answered, the same way for both transports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeVar

from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from .signals import Response

Detail = TypeVar("Detail", bound=Message)


class Verdict(Enum):
    """What an answer tells the sender to do with its data."""

    ACCEPTED = "accepted"
    BAD_DATA = "bad data, never send again"
    TOO_LARGE = "too large, never send again"
    RETRY = "send again later"
    REFUSED = "refused for another reason, never send again"


RETRYABLE_HTTP: Final = frozenset({429, 502, 503, 504})
RETRYABLE_GRPC: Final = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
"""RESOURCE_EXHAUSTED joins them when it comes with RetryInfo."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `status` is the HTTP status or the gRPC code's name.

    `headers` have lower-case names: HTTP's headers, or gRPC's trailers with binary ones left out.
    `error` is the google.rpc.Status, wherever the transport puts it; None when there is none.
    `trailer_retry` is gRPC's own RetryInfo trailer, which some clients read instead of the details.
    """

    status: str
    verdict: Verdict
    seconds: float
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    response: Response | None
    error: status_pb2.Status | None
    trailer_retry: error_details_pb2.RetryInfo | None = None

    @property
    def accepted(self) -> bool:
        """Whether all or a part of the data was taken."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def partial(self) -> bool:
        """Whether partial_success is set, be it to an empty message."""
        return self.response is not None and self.response.HasField("partial_success")

    @property
    def whole(self) -> bool:
        """Whether all was taken and nothing was objected to.

        An empty partial_success means the same as none, though only none is right (rule 5).
        """
        return self.accepted and not self.rejected and not self.message

    @property
    def message(self) -> str:
        """The error message of a partial success or an error."""
        if self.response is not None:
            return self.response.partial_success.error_message
        return "" if self.error is None else self.error.message

    @property
    def rejected(self) -> int:
        """How many records a partial success rejected; 0 without one."""
        if self.response is None:
            return 0
        counts = self.response.partial_success.ListFields()
        return sum(value for _, value in counts if isinstance(value, int))

    def detail(self, kind: type[Detail]) -> Detail | None:
        """The first detail of this kind in the error."""
        return None if self.error is None else detail(self.error, kind)


def detail(error: status_pb2.Status, kind: type[Detail]) -> Detail | None:
    """The first detail of this kind."""
    found = kind()
    return next((found for packed in error.details if packed.Unpack(found)), None)
