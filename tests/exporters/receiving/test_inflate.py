"""Hold inflation to its limit, and to one layer of whole members."""

import gzip
import sys
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_exporters.errors import BadRequestError, BusyError, TooLargeError
from spanledger_exporters.receiving.inflate import MAX_MEMBERS, inflate

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 1 << 20
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "zstd": zstd.compress,
}


def free(size: int) -> None:
    """A claim that never fails."""


@given(parts=st.lists(st.binary(max_size=5000), min_size=1, max_size=5))
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_members_that_follow_each_other_are_one_body(encoding: str, parts: list[bytes]) -> None:
    body = b"".join(ENCODERS[encoding](part) for part in parts)
    assert inflate(encoding, body, LIMIT, free) == b"".join(parts)


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20])
def test_a_body_up_to_the_limit_is_inflated(encoding: str, size: int) -> None:
    whole = bytes(range(251)) * (size // 251 + 1)
    assert inflate(encoding, ENCODERS[encoding](whole[:size]), LIMIT, free) == whole[:size]


@pytest.mark.parametrize("encoding", ENCODERS)
def test_one_byte_over_the_limit_is_too_large(encoding: str) -> None:
    with pytest.raises(TooLargeError, match="over 1048576 bytes"):
        inflate(encoding, ENCODERS[encoding](bytes(LIMIT + 1)), LIMIT, free)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_inflated_no_further_than_the_limit(encoding: str) -> None:
    bomb = ENCODERS[encoding](bytes(256 << 20))
    claimed: list[int] = []
    start = time.process_time()
    with pytest.raises(TooLargeError):
        inflate(encoding, bomb, LIMIT, claimed.append)
    assert sum(claimed) <= LIMIT
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("cut", [1, 4, 12])
def test_a_body_that_is_cut_off_is_a_bad_request(encoding: str, cut: int) -> None:
    body = ENCODERS[encoding](b"spans" * 100)
    with pytest.raises(BadRequestError, match=r"cut off|damaged"):
        inflate(encoding, body[:-cut], LIMIT, free)


@pytest.mark.parametrize("encoding", ENCODERS)
@pytest.mark.parametrize("body", [b"", b"spans", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x00" * 40])
def test_a_body_that_is_not_compressed_is_a_bad_request(encoding: str, body: bytes) -> None:
    with pytest.raises(BadRequestError):
        inflate(encoding, body, LIMIT, free)


@pytest.mark.parametrize("encoding", ENCODERS)
def test_a_flipped_bit_is_a_bad_request(encoding: str) -> None:
    checked: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    whole = bytes(range(256)) * 20
    body = zstd.compress(whole, options=checked) if encoding == "zstd" else gzip.compress(whole)
    with pytest.raises(BadRequestError):
        inflate(encoding, body[:-3] + bytes([body[-3] ^ 1]) + body[-2:], LIMIT, free)


def test_garbage_behind_a_member_is_a_bad_request() -> None:
    with pytest.raises(BadRequestError):
        inflate("gzip", gzip.compress(b"spans") + b"garbage", LIMIT, free)


def test_a_second_layer_stays_compressed() -> None:
    inner = gzip.compress(b"spans")
    assert inflate("gzip", gzip.compress(inner), LIMIT, free) == inner


def test_endless_empty_members_are_refused_soon() -> None:
    empty = zlib.compress(b"", wbits=31)
    start = time.process_time()
    with pytest.raises(BadRequestError, match="members"):
        inflate("gzip", empty * (20 * MAX_MEMBERS), LIMIT, free)
    assert time.process_time() - start < 2


def test_a_claim_that_fails_ends_the_inflation() -> None:
    def claim(size: int) -> None:
        raise BusyError(f"no {size} bytes left")

    with pytest.raises(BusyError):
        inflate("gzip", gzip.compress(bytes(100)), LIMIT, claim)
