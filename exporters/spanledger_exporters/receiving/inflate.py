"""Inflate a compressed request body, never further than the limit.

One layer of gzip (RFC 1952, members may follow each other) or zstd (RFC 8878, so may frames).
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from spanledger_exporters.errors import BadRequestError, TooLargeError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_MEMBERS: Final = 10_000
"""Members or frames in one body. Each costs about 10 µs whatever is in it, and an empty one has
20 bytes; 64 MiB of blocked gzip (64 KiB a member) has 1,024."""

_IN: Final = 64 << 10
_OUT: Final = 1 << 20
# RFC 9659: a receiver of Content-Encoding zstd need not take windows over 8 MiB.
_ZSTD: Final[dict[int, int]] = {zstd.DecompressionParameter.window_log_max: 23}


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def run(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    """One member."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def run(self, data: bytes) -> Iterator[bytes]:
        while out := self._stream.decompress(data, _OUT):
            yield out
            data = self._stream.unconsumed_tail


class _Zstd:
    """One frame."""

    def __init__(self) -> None:
        self._stream = zstd.ZstdDecompressor(options=_ZSTD)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def run(self, data: bytes) -> Iterator[bytes]:
        yield self._stream.decompress(data, _OUT)
        while not self._stream.needs_input and not self._stream.eof:
            yield self._stream.decompress(b"", _OUT)


ENCODINGS: Final[dict[str, Callable[[], _Decompressor]]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "zstd": _Zstd,
}
"""Content-Encoding, lower case, to what undoes it."""


def inflate(encoding: str, body: bytes, limit: int, claim: Callable[[int], None]) -> bytes:
    """The body without its compression.

    `claim` is called with the size of every piece before it is kept, and may raise. Raises
    TooLargeError past `limit` bytes and BadRequestError when the body is damaged or cut off.
    """
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in _pieces(ENCODINGS[encoding], body):
            size += len(piece)
            if size > limit:
                raise TooLargeError(f"the body is over {limit} bytes when inflated")
            claim(len(piece))
            pieces.append(piece)
    except (zlib.error, zstd.ZstdError) as error:
        raise BadRequestError(f"the {encoding} body is damaged: {error}") from error
    except EOFError as error:
        raise BadRequestError(f"the {encoding} body is cut off") from error
    return b"".join(pieces)


def _pieces(make: Callable[[], _Decompressor], body: bytes) -> Iterator[bytes]:
    # In small slices: what a member leaves unused is copied, and must not be all the rest.
    stream = make()
    members = 1
    for start in range(0, len(body), _IN):
        data = body[start : start + _IN]
        while data:
            if stream.eof:
                members += 1
                if members > MAX_MEMBERS:
                    raise BadRequestError(f"over {MAX_MEMBERS} compressed members in one body")
                stream = make()
            yield from stream.run(data)
            data = stream.unused_data
    if not stream.eof:
        raise EOFError
