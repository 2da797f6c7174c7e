"""Outside processes read `ledger.duckdb` all the time while it is written, and all is exact."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from spanledger_exporters.storing.layout import Layout, stem_of

from .nursing import nursery

QUERIES: Final = 250
"""Of each reader; it gives up after this many seconds."""
SECONDS: Final = 120
READER: Final = """
import json, socket, sys, time
import duckdb
file, port, seconds, enough = sys.argv[1], *map(int, sys.argv[2:])
writer = socket.create_connection(("127.0.0.1", port))
answers = writer.makefile()

def asked():
    writer.sendall(b"?")
    return [int(word) for word in answers.readline().split()]

found = {"queries": 0, "conflicts": 0, "errors": [], "wrong": [], "last": 0}
end = time.monotonic() + seconds
while found["queries"] < enough and time.monotonic() < end:
    least = asked()[0]
    try:
        with duckdb.connect(file, read_only=True) as connection:
            connection.execute("SET enable_progress_bar = false")
            count, distinct = connection.execute(
                "SELECT count(*), count(DISTINCT span_id) FROM spans"
            ).fetchone()
    except duckdb.Error as error:
        if "lock" in str(error):
            found["conflicts"] += 1
            time.sleep(0.002)
        else:
            found["errors"].append(str(error)[:300])
        continue
    most = asked()[1]
    found["queries"] += 1
    if not max(least, found["last"]) <= count <= most or distinct != count:
        found["wrong"].append([least, found["last"], count, distinct, most])
    found["last"] = count
print(json.dumps(found))
"""


def read(layout: Layout, port: int) -> "subprocess.Popen[str]":
    arguments = map(str, (layout.ledger, port, SECONDS, QUERIES))
    return subprocess.Popen(
        [sys.executable, "-c", READER, *arguments], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_two_readers_never_see_an_error_or_a_wrong_count(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    with nursery() as children:
        children.start("writer", layout.root, 2000)
        port = int(children.line(60).split()[1])
        readers = [read(layout, port) for _ in range(2)]
        told = [reader.communicate(timeout=SECONDS + 60)[0] for reader in readers]
    found: list[dict[str, Any]] = [json.loads(text) for text in told]
    assert [one["errors"] for one in found] == [[], []]
    assert [one["wrong"] for one in found] == [[], []]
    assert [one["queries"] for one in found] == [QUERIES, QUERIES]
    assert min(one["last"] for one in found) > 5_000
    kept = layout.kept_files("spans")
    segments = layout.segment_files("spans")
    assert len(kept) > 10, "publishes went on meanwhile"
    assert any(path.stem.endswith("-merged") for path in segments), "merges too"
    assert len(segments) < len({stem_of(path) for path in kept})
