"""Requests are found in every wrapping a file may have."""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.errors import NotFoundError, StoreError
from spanledger_exporters.unpacking import Piece, files_below, pieces

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def request(name: str) -> bytes:
    message = ExportTraceServiceRequest()
    span = message.resource_spans.add().scope_spans.add().spans.add(name=name)
    span.trace_id, span.span_id = b"t" * 16, b"s" * 8
    return message.SerializeToString()


Pack = Callable[[bytes], bytes]
PROTOBUF = [request("a"), request("b" * 300), request("c" * 20_000)]
JSON = [b'{"resourceSpans":[]}', b'{ "resourceLogs": [] }']


def big_endian(messages: list[bytes]) -> bytes:
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def varint(messages: list[bytes]) -> bytes:
    return b"".join(_varint(len(message)) + message for message in messages)


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def found(tmp_path: Path, content: bytes) -> list[Piece]:
    path = tmp_path / "file"
    path.write_bytes(content)
    return list(pieces(path))


@pytest.mark.parametrize("around", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("within", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("messages", [PROTOBUF, JSON])
def test_messages_after_a_big_endian_length_are_found(
    tmp_path: Path, around: Pack, within: Pack, messages: list[bytes]
) -> None:
    content = around(big_endian([within(message) for message in messages]))
    assert [p.data for p in found(tmp_path, content)] == messages


@pytest.mark.parametrize("around", [bytes, gzip.compress, zstd.compress])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_messages_after_a_varint_are_found(tmp_path: Path, around: Pack, first: int) -> None:
    messages = PROTOBUF[first:] + PROTOBUF[:first]
    assert [p.data for p in found(tmp_path, around(varint(messages)))] == messages


@pytest.mark.parametrize("around", [bytes, gzip.compress, zstd.compress])
def test_lines_are_found_and_numbered(tmp_path: Path, around: Pack) -> None:
    content = around(b"\xef\xbb\xbf" + JSON[0] + b"\r\n\n" + JSON[1])
    assert [(p.where[-2:], p.data) for p in found(tmp_path, content)] == [
        (":1", JSON[0]),
        (":3", JSON[1]),
    ]


@pytest.mark.parametrize("around", [bytes, gzip.compress])
def test_one_object_on_many_lines_is_one_piece(tmp_path: Path, around: Pack) -> None:
    pretty = json.dumps({"resourceSpans": [{}]}, indent=2).encode()
    assert [json.loads(p.data) for p in found(tmp_path, around(pretty))] == [
        {"resourceSpans": [{}]}
    ]


def test_a_first_line_that_was_cut_does_not_hide_the_others(tmp_path: Path) -> None:
    got = found(tmp_path, b'{"resourceSpans": [{\n' + JSON[1])
    assert [p.data for p in got] == [b'{"resourceSpans": [{', JSON[1]]


def test_a_first_line_that_is_no_json_does_not_hide_the_others(tmp_path: Path) -> None:
    assert [p.data for p in found(tmp_path, b"{oops}\n" + JSON[1])] == [b"{oops}", JSON[1]]


def test_a_length_that_looks_like_a_brace_is_a_length(tmp_path: Path) -> None:
    message = next(m for m in map(request, ("n" * n for n in range(120))) if len(m) == ord("{"))
    assert [p.data for p in found(tmp_path, varint([message]))] == [message]


def test_what_comes_before_damage_is_kept_and_the_damage_named(tmp_path: Path) -> None:
    whole = gzip.compress(b"\n".join(JSON * 100_000))
    *before, last = found(tmp_path, whole[: len(whole) // 2])
    assert len(before) > 100
    assert last.error is not None
    assert last.error.startswith("damaged or cut off")


def test_a_message_that_is_cut_off_is_named_with_its_bytes(tmp_path: Path) -> None:
    first, last = found(tmp_path, big_endian(PROTOBUF[:2])[:-10])
    assert first.data == PROTOBUF[0]
    assert last.error == f"cut off: {len(PROTOBUF[1]) - 10} of {len(PROTOBUF[1])} bytes are there"
    assert last.data == PROTOBUF[1][:-10]


@pytest.mark.parametrize("content", [b"# A heading\n\nSome text.\n", b"\xff" * 100, b"\x89PNG\r\n"])
def test_other_files_are_one_bad_piece(tmp_path: Path, content: bytes) -> None:
    (piece,) = found(tmp_path, content)
    assert piece.error is not None


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, b"") == []


def test_all_bytes_are_accounted_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"\n".join(JSON * 1000)))
    seen: list[int] = []
    assert len(list(pieces(path, seen.append))) == 2000
    assert sum(seen) == path.stat().st_size


def test_a_folder_gives_its_files_by_name_and_no_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/x.jsonl", "a.pb.gz", "b/.hidden/y.jsonl", ".z.jsonl", "notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert files_below(tmp_path) == [tmp_path / "a.pb.gz", tmp_path / "b" / "x.jsonl"]
    assert files_below(tmp_path / "notes.md") == [tmp_path / "notes.md"]


def test_nothing_at_the_path_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file or folder"):
        files_below(tmp_path / "none")
    with pytest.raises(StoreError, match="cannot read"):
        list(pieces(tmp_path))
