"""Look at everything a ledger depends on and say, line by line, whether it is as it should be."""

import enum
import http.client
import json
import os
import platform
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
from google.protobuf.internal import api_implementation

from spanledger import __version__
from spanledger_exporters.errors import LedgerError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.settings import Settings
from spanledger_exporters.storing.layout import SIGNALS, Layout

_ANSWER_S: Final = 2.0
_FREE_BYTES: Final = 1 << 30
_HOT_BYTES: Final = 512 << 20
_OTHERS: Final = 0o077
"""The rights of group and others."""


class Level(enum.StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Level
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, cheap ones first."""
    layout = Layout(settings.directory)
    yield from _versions()
    yield from _directory(layout)
    yield from _ports(settings, layout)
    if layout.root.is_dir():
        yield from _ledger(layout)
        yield _hot_files(layout)
        yield _dead_letters(layout)


def _versions() -> Iterator[Finding]:
    yield _ok(f"spanledger {__version__}, Python {platform.python_version()}")
    yield _ok(f"DuckDB {duckdb.__version__}")
    kind = api_implementation.Type()
    slow = "" if kind == "upb" else ": 20 times slower than upb; pip install -U protobuf"
    yield Finding(Level.WARN if slow else Level.OK, f"protobuf implementation {kind}{slow}")


def _directory(layout: Layout) -> Iterator[Finding]:
    root = layout.root
    if not root.exists():
        yield _warn(f"{root} does not exist yet: `spanledger serve` and `import` make it")
        return
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield _fail(f"{root} cannot be read and written by this user")
        return
    open_to = root.stat().st_mode & _OTHERS
    hint = ": others can look into it; chmod 700" if open_to else ""
    yield Finding(Level.WARN if open_to else Level.OK, f"data directory {root}{hint}")
    free = shutil.disk_usage(root).free
    yield Finding(
        Level.OK if free >= _FREE_BYTES else Level.WARN, f"{free / (1 << 30):,.1f} GiB free"
    )


def _ports(settings: Settings, layout: Layout) -> Iterator[Finding]:
    served = _status(settings.host, settings.ui_port)
    if served is not None:
        yield from _server(served, settings, layout)
        return
    for name, port in (
        ("OTLP gRPC", settings.grpc_port),
        ("OTLP HTTP", settings.http_port),
        ("status", settings.ui_port),
    ):
        if _listens(settings.host, port):
            yield _warn(f"port {port} ({name}) is in use by another program")
        else:
            yield _ok(f"port {port} ({name}) is free: no server is running")


def _server(status: dict[str, Any], settings: Settings, layout: Layout) -> Iterator[Finding]:
    where = f"spanledger {status['version']} answers on port {settings.ui_port}"
    if status["data"] != str(layout.root):
        yield _warn(f"{where}, with another data directory: {status['data']}")
        return
    yield _ok(f"{where}: OTLP gRPC {status['ports']['grpc']}, HTTP {status['ports']['http']}")
    if status["holder"]:
        yield _warn(f"{status['deferred']} records wait to be published: {status['holder']}")
    else:
        yield _ok(f"published up to {status['lag_s']} s ago")
    if status["reader"]:
        yield _warn(f"old files stay: {status['reader']} has kept the ledger open since before")


def _status(host: str, port: int) -> dict[str, Any] | None:
    """What a server of ours says of itself on its UI port; None when none answers."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/api/status")
        found = json.loads(connection.getresponse().read(1 << 20))
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found if isinstance(found, dict) and "version" in found and "data" in found else None


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_S):
            return True
    except OSError:
        return False


def _ledger(layout: Layout) -> Iterator[Finding]:
    try:
        ledger = Ledger(layout.root, patience_s=2.0)
        version, counts, newest_ns = _facts(ledger)
    except LedgerError as error:
        level = Level.FAIL if layout.ledger.exists() else Level.WARN
        yield Finding(level, str(error))
        return
    records = ", ".join(f"{count:,} {signal}" for signal, count in counts.items())
    yield _ok(f"ledger.duckdb (storage {version}): {records}")
    if newest_ns is None:
        yield _warn("nothing was received yet")
    else:
        yield _ok(f"last record received {_ago(newest_ns)} ago")


def _facts(ledger: Ledger) -> tuple[str, dict[str, int], int | None]:
    """Storage version, records by signal, when the last one came."""
    version = ledger.sql(
        "SELECT tags['storage_version'] FROM duckdb_databases() WHERE NOT internal"
    ).fetchall()[0][0]
    parts = " UNION ALL ".join(
        f"SELECT '{signal}', count(*), max(received_ns) FROM {signal}" for signal in SIGNALS
    )
    rows = ledger.sql(parts).fetchall()
    newest = [newest for _, _, newest in rows if newest is not None]
    return str(version), {s: n for s, n, _ in rows}, max(newest, default=None)


def _ago(moment_ns: int) -> str:
    seconds = max(0, time.time_ns() - moment_ns) / 1e9
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _hot_files(layout: Layout) -> Finding:
    files = [path for signal in SIGNALS for path in layout.hot_files(signal)]
    size = sum(map(_size, files))
    text = f"{len(files)} journal files not published yet, {size / (1 << 20):,.1f} MiB"
    if size < _HOT_BYTES:
        return _ok(text)
    return _warn(f"{text}: queries are slow until some process can publish them")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # published meanwhile
        return 0


def _dead_letters(layout: Layout) -> Finding:
    count = sum(_lines(path) for path in layout.deadletter.glob("*.jsonl"))
    if not count:
        return _ok("no dead letters")
    return _warn(
        f"{count:,} dead letters (records that could not be decoded) in {layout.deadletter}"
    )


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(_reader(file.read), b""))


def _reader(read: Callable[[int], bytes]) -> Callable[[], bytes]:
    return lambda: read(1 << 20)


def _ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def _warn(text: str) -> Finding:
    return Finding(Level.WARN, text)


def _fail(text: str) -> Finding:
    return Finding(Level.FAIL, text)
