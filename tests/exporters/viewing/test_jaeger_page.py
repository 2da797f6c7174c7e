"""Jaeger's own page, in a real browser, shows what is in the ledger.

Skipped where `.ci/jaeger` or `.ci/jaeger-page` has built nothing, or without Chromium.
`--update-pictures` takes those of docs/viewing.md anew.
"""

import json
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from spanledger_exporters.demo import run_agent
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load

from .jaeger import ROOT, built, jaeger_over
from .parts import fetch

PICTURES = ROOT / "docs" / "pictures"
# Without the last three it asks its maker's servers for this and that.
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Milliseconds of the page's own clock, which stands still while it waits for an answer.
SETTLED_MS = 20_000


@dataclass(frozen=True)
class Browser:
    """Chromium with a profile of its own; `at` is where Jaeger's page is."""

    at: str
    profile: Path
    takes_pictures: bool

    def text(self, path: str, picture: str) -> str:
        """The page as it is once nothing more is loaded; kept as a picture where that is wanted."""
        if self.takes_pictures:
            file = PICTURES / f"{picture}.png"
            self._open(path, f"--screenshot={file}", "--window-size=1400,800", "--hide-scrollbars")
        return self._open(path, "--dump-dom")

    def _open(self, path: str, *options: str) -> str:
        chromium = shutil.which("chromium") or pytest.skip("no Chromium here")
        settled = (f"--user-data-dir={self.profile}", f"--virtual-time-budget={SETTLED_MS}")
        command = [chromium, *QUIET, *settled, *options, f"{self.at}{path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def browser(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Generator[Browser]:
    page = built("jaeger-page")
    built("jaeger", "jaeger")
    folder = tmp_path_factory.mktemp("page")
    settings = load(data=folder / "data", grpc_port=0, http_port=0, ui_port=0, jaeger_port=0)
    with (
        collector(settings) as running,
        jaeger_over(running, folder / "log", **{"ui.assets_path": page}) as jaeger,
    ):
        run_agent(running.grpc, "fix-the-build")
        takes_pictures = bool(pytestconfig.getoption("--update-pictures"))
        yield Browser(jaeger, folder / "profile", takes_pictures)


def test_its_search_finds_the_agents_run(browser: Browser) -> None:
    shown = browser.text("/search?service=spanledger-demo&lookback=1h&limit=20", "jaeger-search")
    assert all(words in shown for words in ("1 Trace", "18 Spans", "2 Errors"))


def test_its_timeline_has_every_span_of_the_run(browser: Browser) -> None:
    found = json.loads(fetch(f"{browser.at}/api/traces?service=spanledger-demo")[1])
    (trace,) = found["data"]
    shown = browser.text(f"/trace/{trace['traceID']}", "jaeger-trace")
    assert all(span["operationName"] in shown for span in trace["spans"])
    assert shown.count("span-name-column") >= len(trace["spans"])
