"""What the tests of commands share: one recorded run, and a way to call a command."""

from pathlib import Path

import pytest

from spanledger_exporters.demo import run_agent
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load

from .command import RUN_NAME, Run, runner


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the demo's run in it, sent over OTLP."""
    directory = tmp_path_factory.mktemp("ledger")
    with collector(
        load(data=directory, grpc_port=0, http_port=0, ui_port=0, jaeger_port="off")
    ) as running:
        run_agent(running.grpc, RUN_NAME)
    return directory


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Call `spanledger` with these arguments, in a folder and a home of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return runner(capsys)
