"""Jaeger's own tests of storages pass on a ledger, through the clients that Jaeger has for one.

They are compiled by `.ci/jaeger` out of Jaeger's source, and skipped where that was not done.
"""

import contextlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load

from .jaeger import built

PATIENCE_S = 300


@contextlib.contextmanager
def answering(make: Callable[[], dict[str, str]]) -> Generator[str]:
    """A server's URL; each POST is answered with what `make` returns, as JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # named by the standard library
            body = json.dumps(make()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.timeout(PATIENCE_S)
def test_jaegers_own_storage_tests_pass(tmp_path: Path) -> None:
    suite = built("jaeger", "suite")
    numbers = count()
    with contextlib.ExitStack() as running:

        def anew() -> dict[str, str]:
            running.close()
            data = tmp_path / str(next(numbers))
            settings = load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port=0)
            started = running.enter_context(collector(settings))
            assert started.jaeger is not None
            return {"reader": started.jaeger, "writer": started.grpc}

        with answering(anew) as url:
            done = subprocess.run(
                [suite, "-test.v", f"-test.timeout={PATIENCE_S}s"],
                env={**os.environ, "LEDGER_ANEW": url},
                capture_output=True,
                text=True,
                check=False,
            )
    assert done.returncode == 0, done.stdout[-4000:]
    results = re.findall(r"^ *--- (\w+): TestLedger/(\S+)", done.stdout, re.MULTILINE)
    assert {result for result, _ in results} == {"PASS"}
    names = [name for _, name in results]
    assert {"GetServices", "GetLargeTrace", "GetTraceWithDuplicateSpans"} <= set(names)
    assert sum(name.startswith("FindTraces/") for name in names) == 22
