"""Agents' settings are complete, and written without harm to what is there."""

import json
import tomllib
from pathlib import Path

import pytest

from spanledger_exporters.configuring import Endpoints, configuration, targets, write
from spanledger_exporters.errors import UsageError

AT = Endpoints(grpc="http://127.0.0.1:4317", http="http://127.0.0.1:4318")


def test_codex_gets_the_full_path_of_every_signal_and_its_plan_tool() -> None:
    settings = tomllib.loads(configuration("codex", AT).text)
    for key, path in (("exporter", "logs"), ("trace_exporter", "traces")):
        assert settings["otel"][key]["otlp-http"]["endpoint"] == f"{AT.http}/v1/{path}"
    assert settings["tools"]["update_plan"]["enabled"] is True


@pytest.mark.parametrize("agent", ["claude-code", "gemini", "qwen"])
def test_the_others_get_the_grpc_endpoint(agent: str) -> None:
    section, *others = json.loads(configuration(agent, AT).text).values()
    assert AT.grpc in section.values()
    assert others == ([{"todoWrite": {"enabled": True}}] if agent == "qwen" else [])


def test_an_sdk_gets_lines_for_a_shell() -> None:
    lines = configuration("sdk", AT).text.splitlines()
    assert f"export OTEL_EXPORTER_OTLP_ENDPOINT={AT.grpc}" in lines
    assert all(line.startswith("export OTEL_") for line in lines)


def test_every_target_is_sent_here() -> None:
    agents = {"codex", "claude-code", "gemini", "qwen", "copilot", "vscode", "opencode", "goose"}
    assert set(targets()) == {*agents, "sdk"}
    for target in targets():
        wanted = configuration(target, AT)
        told = wanted.text + " ".join(wanted.variables)
        assert AT.grpc in told or AT.http in told
        assert "{" not in " ".join(wanted.variables)


def test_an_agent_with_two_places_gets_both() -> None:
    wanted = configuration("opencode", AT)
    assert json.loads(wanted.text) == {"experimental": {"openTelemetry": True}}
    assert wanted.variables == (f"OTEL_EXPORTER_OTLP_ENDPOINT={AT.http}",)


def test_json_settings_are_merged(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"model": "m", "env": {"A": "1", "OTEL_LOGS_EXPORTER": "none"}}')
    assert write(configuration("claude-code", AT), tmp_path) == path
    settings = json.loads(path.read_text())
    assert settings["model"] == "m"
    assert settings["env"]["A"] == "1"
    assert settings["env"]["OTEL_LOGS_EXPORTER"] == "otlp"


def test_vs_code_keeps_dots_in_its_keys_and_other_settings(tmp_path: Path) -> None:
    path = tmp_path / ".config" / "Code" / "User" / "settings.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"editor.tabSize": 2, "github.copilot.chat.otel.enabled": false}')
    assert write(configuration("vscode", AT), tmp_path) == path
    settings = json.loads(path.read_text())
    assert settings["editor.tabSize"] == 2
    assert settings["github.copilot.chat.otel.enabled"] is True
    assert settings["github.copilot.chat.otel.otlpEndpoint"] == AT.http


def test_toml_settings_are_appended_once_and_comments_stay(tmp_path: Path) -> None:
    path = tmp_path / ".codex" / "config.toml"
    path.parent.mkdir()
    path.write_text('# mine\nmodel = "m"\n')
    write(configuration("codex", AT), tmp_path)
    once = path.read_text()
    assert once.startswith('# mine\nmodel = "m"\n\n[otel]\n')
    write(configuration("codex", AT), tmp_path)
    assert path.read_text() == once


@pytest.mark.parametrize(
    ("agent", "before"),
    [("codex", "[otel]\nenvironment = 'x'\n"), ("codex", "= broken"), ("gemini", "// no")],
)
def test_settings_that_cannot_be_merged_stay_as_they_are(
    tmp_path: Path, agent: str, before: str
) -> None:
    wanted = configuration(agent, AT)
    assert wanted.file is not None
    path = tmp_path / wanted.file
    path.parent.mkdir()
    path.write_text(before)
    with pytest.raises(UsageError, match="merge them by hand"):
        write(wanted, tmp_path)
    assert path.read_text() == before


def test_the_environment_has_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="into the agent's environment"):
        write(configuration("sdk", AT), tmp_path)
