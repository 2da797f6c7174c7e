"""Write protobuf requests in OTLP's JSON mapping, as a client in JavaScript would.

It is proto3 JSON with three exceptions: ids are hex, enums are integers, keys lowerCamelCase only.
"""

import base64
import json
from typing import Any, Final

from google.protobuf import json_format
from google.protobuf.message import Message

Json = dict[str, Any]
"""A JSON object; what is in it is for the tests to break."""

_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId"})


def document(request: Message) -> Json:
    """The request as a JSON object."""
    found: Json = json_format.MessageToDict(request, use_integers_for_enums=True)
    _hex_ids(found)
    return found


def spans_in(found: Json) -> list[Json]:
    """The spans of the first scope of a traces document, to be changed in place."""
    spans: list[Json] = found["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return spans


def text(value: object) -> bytes:
    """A JSON value as bytes to send; lone surrogates go out as escapes."""
    return json.dumps(value).encode()


def _hex_ids(value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _hex_ids(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _IDS and isinstance(item, str):
                value[key] = base64.b64decode(item).hex()
            else:
                _hex_ids(item)
