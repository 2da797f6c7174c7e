"""A new ledger begins as a copy of an empty one in the cache, where that can be had."""

import os
from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.storing.store import Store

from .parts import QUIET, ask, spans, write


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "spanledger"


def made(root: Path) -> Path:
    """A new ledger with one span in it."""
    store = Store.open(root, QUIET)
    write(store, "spans", spans(1))
    store.close()
    return root


def count(root: Path) -> int:
    ((found,),) = ask(root / "ledger.duckdb", "SELECT count(*) FROM spans")
    return int(found)


def test_a_new_ledger_begins_as_a_copy(cache: Path, tmp_path: Path) -> None:
    made(tmp_path / "first")
    (blank,) = cache.glob("blank-*")
    with duckdb.connect(str(blank)) as connection:
        connection.execute("CREATE TABLE from_the_cache AS SELECT 1 AS it_is")
    root = made(tmp_path / "second")
    assert ask(root / "ledger.duckdb", "SELECT it_is FROM from_the_cache") == [(1,)]
    assert count(root) == 1
    assert ask(root / "ledger.duckdb", "SELECT count(*) FROM plans") == [(0,)]
    assert root.joinpath("ledger.duckdb").stat().st_mode & 0o777 == 0o600


def test_a_damaged_one_is_made_again(cache: Path, tmp_path: Path) -> None:
    made(tmp_path / "first")
    (blank,) = cache.glob("blank-*")
    blank.write_bytes(b"not a database")
    assert count(made(tmp_path / "second")) == 1
    assert count(made(tmp_path / "third")) == 1
    assert blank.stat().st_size > len(b"not a database")


def test_a_ledger_is_made_where_nothing_can_be_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.joinpath("file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert count(made(tmp_path / "ledger")) == 1


def test_those_of_other_versions_go_after_a_day(cache: Path, tmp_path: Path) -> None:
    cache.mkdir(parents=True)
    old, young = (cache / f"blank-1.0.0-{name}.duckdb" for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    made(tmp_path / "ledger")
    assert (old.exists(), young.exists()) == (False, True)
