"""Write the ledger as OTLP/JSON lines, which the Collector's otlp_json_file receiver reads."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from spanledger_exporters.errors import StoreError
from spanledger_exporters.reading import otlp
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.reading.values import Row
from spanledger_exporters.receiving import otlp_json

FILES: Final = {"spans": "traces.jsonl", "logs": "logs.jsonl", "metrics": "metrics.jsonl"}
_BATCH: Final = 1000
"""Rows read at once, and the most records of one line."""


def to_folder(ledger: Ledger, folder: Path, advance: Callable[[int], None]) -> dict[Path, int]:
    """Write one file a signal that has records; tells how many are in each.

    Raises StoreError when the folder cannot be written.
    """
    written: dict[Path, int] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for signal, name in FILES.items():
            records = _write_file(ledger, signal, folder / name, advance)
            if records:
                written[folder / name] = records
            else:
                (folder / name).unlink()
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror}") from error
    return written


def to_stream(ledger: Ledger, out: BinaryIO, advance: Callable[[int], None]) -> None:
    """Write the lines of all signals one after the other."""
    for signal in FILES:
        out.writelines(lines(ledger, signal, advance))


def _write_file(ledger: Ledger, signal: str, path: Path, advance: Callable[[int], None]) -> int:
    records = 0

    def count(rows: int) -> None:
        nonlocal records
        records += rows
        advance(rows)

    with path.open("wb") as out:
        out.writelines(lines(ledger, signal, count))
    return records


def lines(ledger: Ledger, signal: str, advance: Callable[[int], None]) -> Iterator[bytes]:
    """The records of one signal in the order they were received, up to 1,000 a line."""
    for request in otlp.requests(signal, _rows(ledger, signal, advance), _BATCH):
        yield otlp_json.format(request) + b"\n"


def _rows(ledger: Ledger, signal: str, advance: Callable[[int], None]) -> Iterator[Row]:
    with ledger.connect() as db:
        db.execute(f"SELECT * FROM {signal} ORDER BY received_ns, writer, seq")
        names = [str(column[0]) for column in db.description or ()]
        while batch := db.fetchmany(_BATCH):
            yield from (dict(zip(names, row, strict=True)) for row in batch)
            advance(len(batch))
