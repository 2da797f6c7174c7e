"""Write the settings with which an agent sends its telemetry here.

What they are is in the headers of queries/dialects: the least that gives a plan ledger, step
records and, where the agent knows them, costs.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spanledger_exporters.errors import StoreError, UsageError
from spanledger_exporters.reading.dialects import Dialect, dialects

_ENVIRONMENT: Final = "environment"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the collector listens: `http://host:port` each."""

    grpc: str
    http: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an agent needs.

    `text` is for `file`, or for a shell when there is none; `variables` are NAME=VALUE and belong
    into its environment besides.
    """

    text: str
    file: Path | None
    variables: tuple[str, ...]
    remark: str | None


def targets() -> dict[str, Dialect]:
    """Whom there is configuration for: the dialects that name a target, by that name."""
    return {found.target: found for found in dialects().values() if found.target}


def configuration(target: str, at: Endpoints) -> Configuration:
    """The settings of a target's dialect file, with our endpoints in them."""
    dialect = targets()[target]
    variables: list[str] = []
    text, file = "", None
    for place in dialect.places:
        settings = place.settings.replace("{grpc}", at.grpc).replace("{http}", at.http).split()
        if place.name == _ENVIRONMENT:
            variables += settings
        else:
            file = Path(place.name.removeprefix("~/"))
            text = (_toml if file.suffix == ".toml" else _json)(_nested(settings))
    if file is None:
        lines = "".join(f"export {line}\n" for line in variables)
        return Configuration(lines, None, (), dialect.more)
    return Configuration(text, file, tuple(variables), dialect.more)


def _nested(settings: list[str]) -> dict[str, Any]:
    """`a.b=true` as `{"a": {"b": True}}`, `"a.b"=true` as `{"a.b": True}`; no JSON is text."""
    tree: dict[str, Any] = {}
    for setting in settings:
        path, _, value = setting.partition("=")
        *above, last = [path.strip('"')] if path.startswith('"') else path.split(".")
        branch = tree
        for key in above:
            branch = branch.setdefault(key, {})
        try:
            branch[last] = json.loads(value)
        except ValueError:
            branch[last] = value
    return tree


def _toml(tree: dict[str, Any], path: str = "") -> str:
    """Scalars first, then each table under its whole name."""
    scalars = [(key, value) for key, value in tree.items() if not isinstance(value, dict)]
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in scalars)
    if text and path:
        text = f"[{path}]\n{text}"
    tables = [
        _toml(value, f"{path}.{key}".lstrip("."))
        for key, value in tree.items()
        if isinstance(value, dict)
    ]
    return "\n".join(filter(None, [text, *tables]))


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
            if isinstance(values, dict):
                known.setdefault(section, {}).update(values)
            else:
                known[section] = values
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} is not the JSON it should be: merge them by hand") from error
    return _json(known)


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
