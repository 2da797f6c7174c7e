"""`init` prints configuration for the ports in use, or writes it."""

import json
import tomllib
from pathlib import Path

import pytest

from .command import Run


def test_configuration_is_data_and_where_it_belongs_is_a_note(run: Run) -> None:
    ran = run("init", "codex", "--http-port", "5318")
    assert (
        "http://127.0.0.1:5318/v1/logs"
        in tomllib.loads(ran.out)["otel"]["exporter"]["otlp-http"].values()
    )
    assert "~/.codex/config.toml" in ran.err


def test_the_ports_may_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANLEDGER_GRPC_PORT", "5317")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:5317" in run("init", "sdk").out


def test_it_is_written_into_the_home_directory(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "home" / ".gemini" / "settings.json"
    ran = run("init", "gemini", "--write")
    assert (ran.code, ran.out, ran.err) == (0, "", f"spanledger: wrote {path}\n")
    assert path.exists()


def test_an_unknown_agent_is_exit_2(run: Run) -> None:
    ran = run("init", "nobody")
    assert ran.code == 2
    assert "there is no configuration for nobody; there is for: claude-code, codex" in ran.err


def test_without_a_program_they_are_listed(run: Run) -> None:
    listed = {row["program"]: row for row in json.loads(run("init", "--format", "json").out)}
    assert listed["qwen"]["set_in"] == "~/.qwen/settings.json"
    assert {"collector", "jaeger", "grafana", "copilot", "opencode", "goose"} < set(listed)


def test_what_belongs_into_the_environment_besides_is_a_note(run: Run) -> None:
    ran = run("init", "opencode")
    assert json.loads(ran.out)["experimental"]["openTelemetry"] is True
    assert "set in its environment: OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in ran.err


def test_a_program_gets_its_first_file_printed_or_all_of_them_written(
    run: Run, tmp_path: Path
) -> None:
    printed = run("init", "collector", "--grpc-port", "5317")
    assert "127.0.0.1:5317" in printed.out
    assert "--out DIR writes it and gateway.yaml" in printed.err
    folder = tmp_path / "out"
    written = run("init", "grafana", "--out", folder)
    assert (written.code, written.out) == (0, "")
    assert len(list(folder.rglob("*.json"))) == 9
    assert f"spanledger: wrote {folder}" in written.err
