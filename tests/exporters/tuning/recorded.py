"""One recorded run as a ledger whose views are copied once, so that each export takes no time."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spanledger_exporters.importing import import_files
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.tuning.judgements import Judgement, find, record

CAPTURE = Path(__file__).parent / "data" / "retried_tool.jsonl"
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2"
VIEWS = ("plans", "plan_steps", "llm_calls", "tool_calls", "spans", "logs")


@dataclass(frozen=True, slots=True)
class Copied:
    """Answers like a Ledger, from tables."""

    file: Path

    @contextlib.contextmanager
    def connect(self) -> Generator[duckdb.DuckDBPyConnection]:
        """A connection of its own."""
        with duckdb.connect(self.file, read_only=True) as db:
            yield db


def recorded(folder: Path) -> Copied:
    """The run three times: as it was; with a cut record and a secret; with a bad word about it."""
    text = CAPTURE.read_text(encoding="utf-8")
    paths = []
    for number, change in enumerate(("", "demo", "Write")):
        path = folder / f"run-{number}.jsonl"
        path.write_text(_renamed(text, number, change), encoding="utf-8")
        paths.append(path)
    ledger = stored(folder, paths)
    judged = find(ledger, "session", "demo-session-3")
    record(ledger.layout.root, judged, Judgement("quality", "bad", None, "no"), StoreOptions())
    allowed = find(ledger, "session", "demo-session-1")
    record(ledger.layout.root, allowed, Judgement("consent", "training"), StoreOptions())
    return copied(folder, ledger)


def stored(folder: Path, paths: list[Path]) -> Ledger:
    """A ledger with these files in it."""
    store = Store.open(folder / "ledger")
    try:
        import_files(store.intake, paths)
        store.publish(5.0)
    finally:
        store.close()
    return Ledger(folder / "ledger")


def copied(folder: Path, ledger: Ledger) -> Copied:
    """The views that datasets read, as tables."""
    file = folder / "copy.duckdb"
    with duckdb.connect(file) as db:
        db.execute(f"ATTACH '{ledger.layout.ledger}' AS ledger (READ_ONLY)")
        db.execute("USE ledger")
        for view in VIEWS:
            db.execute(f"CREATE TABLE copy.{view} AS SELECT * FROM {view}")
    return Copied(file)


def _renamed(text: str, number: int, change: str) -> str:
    if not number:
        return text
    other = text.replace("demo-session-1", f"demo-session-{number + 1}")
    other = other.replace("608570d8677b0a67", f"{number}08570d8677b0a67")
    if change == "demo":
        return other.replace("plums 7", f"plums 7 {SECRET}").replace("Counting.", "[REDACTED]")
    return other.replace("the demo job", "a quite other job of mine, which is none of those")
