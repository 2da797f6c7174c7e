from pathlib import Path

import duckdb
import pytest

from spanledger_exporters.storing.trouble import Trouble, newer, trouble_of

NEWER = {
    "1.5": "Trying to read a database file with version number 69, but we can only read versions"
    " between 64 and 68.",
    "2.0": "Trying to read a database file with storage version number 99, but we can only read"
    " storage versions between 64 and 69.",
}


@pytest.mark.parametrize("text", NEWER.values(), ids=NEWER)
def test_each_duckdb_tells_of_a_newer_file_in_its_own_words(text: str) -> None:
    assert trouble_of(duckdb.IOException(text)) is Trouble.NEWER


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("Could not write file: No space left on device", Trouble.SYSTEM),
        ("Permission denied", Trouble.SYSTEM),
        ("Corrupt database file: computed checksum", Trouble.DAMAGED),
        ("Could not set lock on file: Conflicting lock is held", Trouble.HELD),
        ("Unique file handle conflict: Cannot attach", Trouble.HELD),
        ("words that nobody has heard yet", Trouble.DAMAGED),
    ],
)
def test_the_words_say_what_is_the_matter(text: str, trouble: Trouble) -> None:
    assert trouble_of(duckdb.IOException(text)) is trouble


def test_a_wrong_question_says_nothing_of_the_file() -> None:
    assert trouble_of(duckdb.CatalogException("Table does not exist")) is Trouble.OTHER


def test_a_newer_file_is_told_with_its_version_and_the_cure(tmp_path: Path) -> None:
    line = newer(tmp_path / "ledger.duckdb", duckdb.IOException(NEWER["1.5"]))
    assert line.endswith(
        f"newer DuckDB (storage version 69); this is DuckDB {duckdb.__version__}:"
        " pip install -U duckdb"
    )


def test_a_reader_waits_for_a_store_in_its_own_process(tmp_path: Path) -> None:
    path = str(tmp_path / "file.duckdb")
    with duckdb.connect(path):
        with pytest.raises(duckdb.Error) as caught:
            duckdb.connect(path, read_only=True)
        assert trouble_of(caught.value) is Trouble.HELD
