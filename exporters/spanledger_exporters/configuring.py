"""Write the settings with which an agent sends its telemetry here.

Taken from each agent's own documentation and tried with the versions in docs/dialects.md: the
least that gives a plan ledger, step records and, where the agent knows them, costs.
"""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spanledger_exporters.errors import StoreError, UsageError


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the collector listens: `http://host:port` each."""

    grpc: str
    http: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an agent needs: the text, the file it belongs into (None: the environment), a remark."""

    text: str
    file: Path | None
    remark: str


def codex(at: Endpoints) -> Configuration:
    """Codex takes the full path of each signal, and offers its plan tool only when told to."""
    exporters = "\n".join(
        f'{key} = {{ otlp-http = {{ endpoint = "{at.http}/v1/{path}", protocol = "binary" }} }}'
        for key, path in (
            ("exporter", "logs"),
            ("trace_exporter", "traces"),
            ("metrics_exporter", "metrics"),
        )
    )
    text = f"""\
[otel]
environment = "dev"
log_user_prompt = false
{exporters}

[tools.update_plan]
enabled = true
"""
    remark = "log_user_prompt = true adds your prompts; tool arguments and output are always sent"
    return Configuration(text, Path(".codex/config.toml"), remark)


def claude_code(at: Endpoints) -> Configuration:
    """Claude Code reads its environment from its settings; tool details carry the plan."""
    variables = {
        "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
        "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_EXPORTER_OTLP_ENDPOINT": at.grpc,
        "OTEL_LOG_TOOL_DETAILS": "1",
    }
    remark = "OTEL_LOG_USER_PROMPTS=1 and OTEL_LOG_RAW_API_BODIES=1 add prompts and transcripts"
    return Configuration(_json({"env": variables}), Path(".claude/settings.json"), remark)


def gemini(at: Endpoints) -> Configuration:
    """Gemini CLI; with `logPrompts` off the plan's texts are not sent either."""
    telemetry = {
        "enabled": True,
        "traces": True,
        "target": "local",
        "otlpEndpoint": at.grpc,
        "otlpProtocol": "grpc",
        "logPrompts": True,
    }
    remark = '"logPrompts": false keeps prompts and plan texts out; statuses stay'
    return Configuration(_json({"telemetry": telemetry}), Path(".gemini/settings.json"), remark)


def sdk(at: Endpoints) -> Configuration:
    """Any OpenTelemetry SDK, and the switches of the GenAI instrumentations."""
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": at.grpc,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
        "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true",
    }
    text = "".join(f"export {name}={value}\n" for name, value in variables.items())
    remark = "older GenAI instrumentations want CAPTURE_MESSAGE_CONTENT=true instead"
    return Configuration(text, None, remark)


AGENTS: Final[dict[str, Callable[[Endpoints], Configuration]]] = {
    "codex": codex,
    "claude-code": claude_code,
    "gemini": gemini,
    "sdk": sdk,
}


def write(configuration: Configuration, home: Path) -> Path:
    """Add the configuration to the agent's own file below `home`; other settings stay as they are.

    Raises UsageError when there is no such file or the settings are there already with other
    values, StoreError when it cannot be written.
    """
    if configuration.file is None:
        raise UsageError("there is no file for it: put these lines into the agent's environment")
    path = (home / configuration.file).resolve()  # a link stays a link
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        merge = _merged_toml if path.suffix == ".toml" else _merged_json
        after = merge(path, before, configuration.text)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_text(after, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return path


def _merged_toml(path: Path, before: str, new: str) -> str:
    """Tables are appended as text, so that comments stay; a table cannot be there twice."""
    try:
        known, wanted = tomllib.loads(before), tomllib.loads(new)
        if _within(wanted, known):
            return before
        return _parsable(f"{before.rstrip()}\n\n{new}".lstrip())
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path} has such settings already, or cannot be read ({error}): merge them by hand"
        ) from error


def _parsable(toml: str) -> str:
    tomllib.loads(toml)
    return toml


def _within(wanted: dict[str, Any], known: dict[str, Any]) -> bool:
    return all(
        _within(value, known[key])
        if _both_dicts(value, known.get(key))
        else known.get(key) == value
        for key, value in wanted.items()
    )


def _both_dicts(one: object, other: object) -> bool:
    return isinstance(one, dict) and isinstance(other, dict)


def _merged_json(path: Path, before: str, new: str) -> str:
    try:
        known = json.loads(before or "{}")
        for section, values in json.loads(new).items():
            known.setdefault(section, {}).update(values)
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} is not the JSON it should be: merge them by hand") from error
    return _json(known)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
