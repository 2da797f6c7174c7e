"""The files for the Collector, Jaeger and Grafana are filled in, and never written over."""

from pathlib import Path

import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.settings import load
from spanledger_exporters.shipped import SETUPS, shipped_dir, write

CHECKOUT = Path(__file__).parents[2] / "collector-config"


@pytest.mark.parametrize("program", SETUPS)
def test_the_usual_ports_give_the_files_as_they_are_shipped(program: str) -> None:
    setup = SETUPS[program](load())
    root = CHECKOUT / "grafana" if program == "grafana" else CHECKOUT
    assert setup.first in setup.files
    for name, text in setup.files.items():
        assert (root / name).read_text(encoding="utf-8") == text, name


def test_every_file_is_written_by_one_of_them() -> None:
    assert shipped_dir().is_dir()
    given = {
        CHECKOUT / ("grafana" if p == "grafana" else "") / name
        for p in SETUPS
        for name in SETUPS[p](load()).files
    }
    assert given == {path for path in CHECKOUT.rglob("*") if path.is_file()}


def test_other_ports_are_filled_in() -> None:
    settings = load(grpc_port=7317, jaeger_port=7271, ui_port=7320, flight_port=7815)
    text = "".join(text for p in SETUPS for text in SETUPS[p](settings).files.values())
    for port in (7317, 7271, 7320, 7815):
        assert f"127.0.0.1:{port}" in text
    for port in (14317, 17271, 4320, 8815):
        assert f"127.0.0.1:{port}" not in text
    assert "serve --grpc-port 7317" in text


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    setup = SETUPS["jaeger"](load())
    (path,) = write(setup, tmp_path / "new")
    assert write(setup, tmp_path / "new") == [path]
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write(setup, tmp_path / "new")
    assert path.read_text() == "mine"


def test_a_port_that_is_off_is_told() -> None:
    with pytest.raises(UsageError, match="unset SPANLEDGER_JAEGER_PORT"):
        SETUPS["jaeger"](load(jaeger_port="off"))
