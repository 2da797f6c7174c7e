"""Find the OTLP requests in files, whatever they are wrapped in.

Known wrappings, told from the content: JSON lines; one JSON object over many lines; protobuf or
JSON messages each after its length, as 4 bytes big-endian (the Collector's file exporter) or as a
varint; gzip or zstd around the file or around each message. What the messages mean is left to
`importing.py`.
"""

import gzip
import io
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from spanledger_exporters.errors import LedgerError, NotFoundError, StoreError
from spanledger_exporters.receiving.inflate import inflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LARGEST: Final = 256 << 20
"""Bytes of one message or line; a file has no limit."""

_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_BOM: Final = b"\xef\xbb\xbf"
_JSON_START: Final = re.compile(rb'\s*\{\s*["}]')
_HEAD: Final = 4096
_BUFFER: Final = 1 << 20
_FIELD_1: Final = b"\x0a"
_MORE: Final = 0x80
"""A varint's byte of this size or more is not its last; 5 bytes hold 2 GiB, protobuf's limit."""
_LONGEST_VARINT: Final = 5
_ENDINGS: Final = (".json", ".jsonl", ".ndjson", ".pb", ".proto", ".bin", ".otlp", ".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a file: its bytes, or why they could not be had.

    `where` is `file:line` for lines and `file#number` for messages with a length before them.
    """

    where: str
    data: bytes
    error: str | None = None


def files_below(path: Path) -> list[Path]:
    """The file itself, or every file in a folder that may hold OTLP, by name, hidden ones left out.

    Raises NotFoundError when there is nothing at `path`.
    """
    if not path.exists():
        raise NotFoundError(f"there is no file or folder {path}")
    if not path.is_dir():
        return [path]
    found = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in found if file.name.endswith(_ENDINGS) and _visible(file, path))


def _visible(file: Path, below: Path) -> bool:
    return not any(part.startswith(".") for part in file.relative_to(below).parts)


def pieces(path: Path, advance: Callable[[int], None] = lambda _: None) -> Iterator[Piece]:
    """The messages of one file, in order; `advance` is told how many bytes of it were read.

    A damaged file gives what comes before the damage and one piece with the error. Raises
    StoreError when the file cannot be opened.
    """
    with _opened(path) as raw:
        told = 0
        for piece in _undamaged(path, raw):
            yield piece
            advance(raw.tell() - told)
            told = raw.tell()
        advance(path.stat().st_size - told)


def is_compressed(raw: BinaryIO) -> bool:
    """Whether the file is compressed as a whole."""
    raw.seek(0)
    return raw.read(len(_ZSTD)).startswith((_GZIP, _ZSTD))


def grown(
    path: Path, raw: BinaryIO, offset: int, number: int, most: int
) -> Iterator[tuple[Piece | None, int]]:
    """The messages from `offset` on, each with the offset after it, until `most` bytes were read.

    For a file that is being written: a line without its end, or a message that is not all there,
    is left for later. `number` is how many stand before `offset`; a blank line is None.
    """
    raw.seek(0)
    head = raw.read(_HEAD)
    if len(head) <= _LONGEST_VARINT:
        return  # too little to tell what it is
    following = _next_line if _is_json(head.removeprefix(_BOM)) else _next_message(head)
    raw.seek(offset)
    end = offset + most
    while offset < end and (found := following(raw, path, number + 1)):
        number, offset = number + 1, raw.tell()
        yield found if found.data or found.error else None, offset


def _next_line(raw: BinaryIO, path: Path, number: int) -> Piece | None:
    """None when there is no whole line yet; one that is too long comes in parts, each refused."""
    line = raw.readline(LARGEST)
    if line.endswith(b"\n") or len(line) == LARGEST:
        return Piece(f"{path}:{number}", line.removeprefix(_BOM).strip())
    return None


def _next_message(head: bytes) -> Callable[[BinaryIO, Path, int], Piece | None]:
    length = _varint if _is_varint(head) else _big_endian

    def read(raw: BinaryIO, path: Path, number: int) -> Piece | None:
        """None when it is not all there yet; what is no message ends the file."""
        where, size = f"{path}#{number}", length(raw)
        if size is not None and size > LARGEST:
            raw.seek(0, io.SEEK_END)
            return Piece(where, b"", "not OTLP: neither JSON nor messages after their length")
        data = raw.read(size or 0)
        return _unwrapped(where, data) if size is not None and len(data) == size else None

    return read


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from error


def _undamaged(path: Path, raw: BinaryIO) -> Iterator[Piece]:
    try:
        stream = _decompressed(raw)
        head = stream.peek(_HEAD).removeprefix(_BOM)
        if not _is_json(head):
            yield from _framed(path, stream, head)
        elif one := _one_object(path):
            yield Piece(f"{path}:1", one)
        else:
            yield from _lines(path, stream)
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        yield Piece(str(path), b"", f"damaged or cut off: {error}")


def _is_json(head: bytes) -> bool:
    """A brace may also be the length of a message, 123 bytes; then a newline is its first tag."""
    if _JSON_START.match(head):
        return True
    return head.lstrip()[:1] == b"{" and not _is_varint(head)


def _decompressed(raw: BinaryIO) -> io.BufferedReader:
    start = raw.read(len(_ZSTD))
    raw.seek(0)
    if start.startswith(_GZIP):
        return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=raw)), _BUFFER)
    if start == _ZSTD:
        return io.BufferedReader(cast("io.RawIOBase", zstd.ZstdFile(raw)), _BUFFER)
    return cast("io.BufferedReader", raw)


def _one_object(path: Path) -> bytes | None:
    """The whole file, if it is one JSON object that does not end on the first line."""
    with _opened(path) as raw:
        stream = _decompressed(raw)
        first = stream.readline(LARGEST)
        if first.rstrip().endswith(b"}"):
            return None
        text = (first + stream.read(LARGEST - len(first))).removeprefix(_BOM)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text


def _lines(path: Path, stream: io.BufferedReader) -> Iterator[Piece]:
    number = 0
    while line := stream.readline(LARGEST):
        number += 1
        if len(line) == LARGEST and not line.endswith(b"\n"):
            yield Piece(f"{path}:{number}", b"", f"a line of over {LARGEST >> 20} MiB")
            _skip_line(stream)
        elif text := line.removeprefix(_BOM).strip():
            yield Piece(f"{path}:{number}", text)


def _skip_line(stream: io.BufferedReader) -> None:
    while (rest := stream.readline(LARGEST)) and not rest.endswith(b"\n"):
        pass


def _framed(path: Path, stream: io.BufferedReader, head: bytes) -> Iterator[Piece]:
    """Messages after their lengths; the first that does not fit ends the file."""
    length = _varint if _is_varint(head) else _big_endian
    number = 0
    while (size := length(stream)) is not None:
        number += 1
        where = f"{path}#{number}"
        if size > LARGEST:
            yield Piece(where, b"", "not OTLP: neither JSON nor messages after their length")
            return
        data = stream.read(size)
        if len(data) < size:
            yield Piece(where, data, f"cut off: {len(data)} of {size} bytes are there")
        else:
            yield _unwrapped(where, data)


def _is_varint(head: bytes) -> bool:
    """A first byte of 0 is a big-endian length below 16 MiB; a message begins with field 1."""
    end = next((n for n, byte in enumerate(head[:_LONGEST_VARINT]) if byte < _MORE), None)
    return end is not None and head[0] != 0 and head[end + 1 : end + 2] == _FIELD_1


def _big_endian(stream: BinaryIO) -> int | None:
    """The next length; None at the end of the file."""
    four = stream.read(4)
    if not four:
        return None
    # A length that is cut off is longer than the rest of the file.
    return int.from_bytes(four, "big") if len(four) == 4 else LARGEST  # noqa: PLR2004 # bytes


def _varint(stream: BinaryIO) -> int | None:
    """The next length; None at the end of the file."""
    size = shift = 0
    while byte := stream.read(1):
        size |= (byte[0] & ~_MORE) << shift
        shift += 7
        if byte[0] < _MORE:
            return size
        if shift >= 7 * _LONGEST_VARINT:
            return LARGEST + 1
    return LARGEST if shift else None


def _unwrapped(where: str, data: bytes) -> Piece:
    """The message without the compression it may have of its own."""
    coding = "gzip" if data.startswith(_GZIP) else "zstd" if data.startswith(_ZSTD) else None
    if coding is None:
        return Piece(where, data)
    try:
        return Piece(where, inflate(coding, data, LARGEST, lambda _: None))
    except LedgerError as error:
        return Piece(where, data, str(error))
