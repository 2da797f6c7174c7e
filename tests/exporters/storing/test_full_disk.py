"""Disk full: refused, nothing lost, reads go on, and it recovers without a restart."""

import secrets
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from spanledger_exporters.errors import StoreError
from spanledger_exporters.storing import upkeep
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.store import Store, StoreOptions

from .parts import count, dead_letters, span_numbers, spans

OPTIONS = StoreOptions(
    seal_bytes=300_000, seal_age_s=0.1, min_free_bytes=0, merging=Merging(many=4)
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """A disk of 32 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small disk is not permitted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def send(store: Store, number: int, *, broken: bool = False) -> bool:
    """Whether a request with 20 KB of one span was acknowledged."""
    payload = spans(number, note=secrets.token_hex(10_000))
    try:
        store.intake.submit("spans", b"\xff" if broken else payload).result(30)
    except StoreError:
        return False
    return True


def filled(store: Store) -> set[int]:
    """Send until the disk is full and then some; what was acknowledged can always be read."""
    acknowledged: set[int] = set()
    refused = 0
    for number in range(1, 5000):
        if send(store, number):
            acknowledged.add(number)
        else:
            refused += 1
            time.sleep(0.1)
            assert count(store.layout) >= len(acknowledged)
        if refused == 20:
            return acknowledged
    raise AssertionError


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (18 << 20))
    store = Store.open(small_disk / "data", OPTIONS)
    acknowledged = filled(store)
    assert len(acknowledged) > 50
    assert acknowledged <= set(span_numbers(store.layout))
    ballast.unlink()
    for number in range(100_000, 100_050):
        assert send(store, number)
        acknowledged.add(number)
    deadline = time.monotonic() + 10
    while (store.status().deferred or store.status().holder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (store.status().deferred, store.status().holder) == (0, None)
    store.close()
    found = span_numbers(store.layout)
    assert acknowledged <= set(found)
    assert len(found) == len(set(found))
    assert upkeep.verify(store.layout).problems == []
    assert dead_letters(store.layout) == []
    assert not list(store.layout.root.rglob("*.tmp*"))


def test_a_disk_that_is_nearly_full_is_refused_beforehand(tmp_path: Path) -> None:
    store = Store.open(tmp_path, StoreOptions(seal_age_s=3600, min_free_bytes=1 << 62))
    assert not send(store, 1)
    assert count(store.layout) == 0
    store.close()


@pytest.mark.slow
def test_opening_on_a_full_disk_is_one_clear_error(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * ((32 << 20) - 4096 * 12))
    with pytest.raises(StoreError) as caught:
        Store.open(small_disk / "data", OPTIONS)
    assert "\n" not in str(caught.value)
    (small_disk / "ballast").unlink()
    store = Store.open(small_disk / "data", OPTIONS)
    assert send(store, 1)
    store.close()
    assert count(store.layout) == 1
