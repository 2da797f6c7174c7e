"""Make hostile bodies: small to send, large or deep to read."""

import zlib
from collections.abc import Iterator
from typing import Final

from . import build

_MIB: Final = 1 << 20
GIB: Final = 1 << 30


def gzip_bomb(size: int) -> bytes:
    """A gzip stream that inflates to `size` zeros, about a thousandth of that long.

    One deflated MiB is repeated, so that making it costs nothing; its checksum is wrong, which
    only a reader that inflates all of it would find out.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    start = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(_MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + again * (size // _MIB - 1) + packer.flush()


def nested_protobuf(depth: int) -> bytes:
    """A traces request of a good span and one whose attribute is this many lists deep."""
    value = build.field(1, b"leaf")
    for _ in range(depth):
        value = build.field(5, build.field(1, value))
    attribute = build.field(1, b"deep") + build.field(2, value)
    good, deep = (build.span(name).SerializeToString() for name in ("good", "deep"))
    spans = build.field(2, good) + build.field(2, deep + build.field(9, attribute))
    return build.field(1, build.field(2, spans))


def nested_json(depth: int) -> bytes:
    """The same in JSON."""
    value = '{"arrayValue": {"values": [' * depth + "{}" + "]}}" * depth
    attribute = f'{{"key": "deep", "value": {value}}}'
    spans = ", ".join(_span_text(text) for text in ("", attribute))
    return f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{spans}]}}]}}]}}'.encode()


def nested_unknown_json(depth: int) -> bytes:
    """Lists in lists under a name that no receiver knows."""
    return b'{"new": ' + b"[" * depth + b"]" * depth + b"}"


def _span_text(attribute: str) -> str:
    span = build.span("nested")
    ids = f'"traceId": "{span.trace_id.hex()}", "spanId": "{span.span_id.hex()}"'
    return f'{{{ids}, "name": "nested", "attributes": [{attribute}]}}'


def many_attributes(count: int) -> Iterator[tuple[str, str]]:
    """Attribute names and values, all different."""
    return ((f"key.{n}", f"value {n}") for n in range(count))
