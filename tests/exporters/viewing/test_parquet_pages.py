"""What a column of a Parquet file does not have is known without decoding it."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger_exporters.viewing.parquet_pages import Chunk, may_contain

FEW = [f"value {number % 10}" for number in range(5_000)]
MANY = [f"a value of its own, number {number}" for number in range(60_000)]
"""Too many for a dictionary: the last ones are stored plainly."""
LONG = ["x" * 2_000_000, "", "end"]


def written(path: Path, values: list[str], **options: Any) -> tuple[memoryview, Chunk]:
    pq.write_table(pa.table({"text": values}), path, **{"compression": "zstd", **options})
    facts = pq.read_metadata(path)
    assert facts.num_row_groups == 1
    return memoryview(path.read_bytes()), Chunk.of(facts.row_group(0).column(0))


@pytest.mark.parametrize("values", [FEW, MANY, LONG], ids=["few", "many", "long"])
@pytest.mark.parametrize(
    "options",
    [{}, {"use_dictionary": False}, {"write_page_checksum": True}],
    ids=["usual", "no dictionary", "checksums"],
)
def test_every_value_is_found_and_no_part_of_one(
    tmp_path: Path, values: list[str], options: dict[str, bool]
) -> None:
    file, chunk = written(tmp_path / "a.parquet", values, **options)
    for value in (values[0], values[len(values) // 2], values[-1]):
        assert may_contain(file, chunk, [value])
        assert may_contain(file, chunk, ["nobody", value])
        assert not may_contain(file, chunk, [value[:-1] + "?"])
    assert not may_contain(file, chunk, ["value", "alue 1", "x"])
    assert not may_contain(file, chunk, [])


@given(values=st.lists(st.text(max_size=4), min_size=1), asked=st.text(max_size=4))
def test_what_is_there_is_never_denied(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], asked: str
) -> None:
    file, chunk = written(tmp_path_factory.getbasetemp() / "any.parquet", values)
    assert may_contain(file, chunk, [asked]) or asked not in values


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "snappy"},
        {"data_page_version": "2.0", "column_encoding": "DELTA_BYTE_ARRAY"},
    ],
    ids=["compression", "encoding"],
)
def test_pages_that_our_segments_do_not_have_may_contain_anything(
    tmp_path: Path, options: dict[str, str]
) -> None:
    file, chunk = written(tmp_path / "a.parquet", MANY, use_dictionary=False, **options)
    assert may_contain(file, chunk, ["nobody"])
