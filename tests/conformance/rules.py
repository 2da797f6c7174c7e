"""List what an OTLP server is asked to do: one sentence for every rule.

The numbers 1 to 31 follow the OTLP specification from what both transports share, over gRPC and
HTTP, to the JSON mapping. `bad input` and `clients` are about a server's use in practice.
"""

from dataclasses import dataclass
from typing import Final

LEVELS: Final = {
    "M": "the specification says MUST",
    "S": "the specification says SHOULD",
    "R": "the specification recommends or permits it, or a rule of HTTP, gRPC or good practice",
    "ours": "a choice the specification leaves open; another server may choose otherwise",
}
"""What each level means. A foreign server fails M, S and R; from `ours` it only differs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the report."""

    key: str
    about: str
    sentence: str


_COMMON: Final = (
    "no compression and gzip are both accepted",
    "a request over the limit is refused, measured after inflation",
    "a response stays small (4 MiB), however much there is to complain about",
    "an empty request is a success",
    "a full success leaves partial_success unset",
    "a partial success is a success that counts what was rejected and says why",
    "a warning without rejections has a message",
    "unknown protobuf fields are ignored and every kind of attribute value is accepted",
    "data that is sent again is accepted again",
)
_GRPC: Final = (
    "the three Export services exist, any other is UNIMPLEMENTED",
    "too large is RESOURCE_EXHAUSTED without RetryInfo",
    "bad data is INVALID_ARGUMENT with a BadRequest",
    "overload is UNAVAILABLE with RetryInfo",
    "data that can never be accepted gets a code that is not retried",
    "many calls at once are not dropped by a bare RESOURCE_EXHAUSTED",
    "unary calls run concurrently on one connection",
)
_HTTP: Final = (
    "POST on the three paths, other paths 404, other methods 405",
    "protobuf and JSON on one port, chosen by Content-Type",
    "the response has the request's Content-Type and is the Export response",
    "every error body is a google.rpc.Status in the request's encoding",
    "undecodable is 400 and too large is 413",
    "overload is 429 or 503; bad data is never a 5xx",
    "Content-Encoding, chunked bodies and Expect: 100-continue are handled",
    "connections are kept alive, may be parallel, and compressed responses are optional",
    "web pages get no CORS headers unless they were configured",
)
_JSON: Final = (
    "trace and span ids are hex in either case",
    "enums are integers, unknown integers included",
    "unknown field names are ignored",
    "keys are lowerCamelCase",
    "64-bit integers are strings or numbers, bytes are base64, NaN and Infinity are strings",
    "ambiguous and broken JSON has a defined outcome",
)


def _numbered() -> tuple[Rule, ...]:
    parts = (("common", _COMMON), ("gRPC", _GRPC), ("HTTP", _HTTP), ("JSON", _JSON))
    sentences = [(about, sentence) for about, part in parts for sentence in part]
    return tuple(Rule(str(n), *row) for n, row in enumerate(sentences, start=1))


RULES: Final = (
    *_numbered(),
    Rule("bad input", "both", "hostile requests are answered in time and the server lives on"),
    Rule("clients", "both", "the stock exporters deliver what they were given"),
)
