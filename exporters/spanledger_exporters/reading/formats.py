"""Name the formats rows are printed in; nothing heavy, so that `--help` can list them."""

import enum


class Format(enum.StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
