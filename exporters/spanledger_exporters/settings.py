"""Read the settings: SPANLEDGER_* variables, overridden by what the command line says.

Nothing else in the project reads the environment.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import platformdirs
import pydantic
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from spanledger_exporters.errors import UsageError

PREFIX: Final = "SPANLEDGER_"
ELSEWHERE: Final = frozenset(
    {
        "ACTION_WINDOW_MS",
        "CAPTURE_CONTENT",
        "CAPTURE_ERRORS",
        "CAPTURE_LOCALS",
        "DISABLED",
        "LOCK_THRESHOLD_MS",
        "MAX_CONTENT",
        "NODE_MODULES",
        "NO_RECORDING",
        "PYDANTIC",
        "REDACT_NAMES",
        "SHOW_NAMES",
    }
)
"""Variables of that prefix which are read by the instrumentation and by tests."""

LOCAL_DIRECTORY: Final = ".spanledger"

Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Everything that can be set, with what holds if it is not."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    data: Path | None = None
    """The data directory; see `directory`."""
    host: str = "127.0.0.1"
    grpc_port: Port = 4317
    """0 takes any free port; the same for the others."""
    http_port: Port = 4318
    ui_port: Port = 4320
    flight_port: Port | None = None
    """Flight SQL; off unless given."""
    flight_token: str | None = None
    """What Flight SQL's clients must send as a bearer token; None asks for none."""
    jaeger_port: Port | Literal["off"] = 17271
    """Jaeger's remote storage, gRPC, read-only."""
    limit_mib: Annotated[int, Field(ge=1, le=1024)] = 64
    """The largest request, after inflation."""
    durability: Literal["fsync", "write"] = "fsync"
    """What must have happened to a request before it is acknowledged."""
    keep_journal: Literal["forever", "none"] | Annotated[int, Field(ge=1)] = "forever"
    """How long, in days, the journal of published records is kept."""

    @property
    def directory(self) -> Path:
        """`data`, else `./.spanledger` if it exists, else the user's data directory."""
        if self.data is not None:
            return self.data.expanduser().resolve()
        local = Path(LOCAL_DIRECTORY).resolve()
        return local if local.is_dir() else platformdirs.user_data_path("spanledger")


def load(**given: Any) -> Settings:
    """The settings; `given` are the command line's, None meaning not said.

    Raises UsageError for a wrong value and for a variable that looks like ours but is none.
    """
    _refuse_unknown()
    said = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**said)
    except pydantic.ValidationError as error:
        raise UsageError(_first(error, said)) from error


def data_directory(said: Path | None) -> Path:
    """The directory a command works on: `--data`, else as `Settings.directory` says."""
    return load(data=said).directory


def _refuse_unknown() -> None:
    known = {name.upper() for name in Settings.model_fields} | ELSEWHERE
    ours = (name for name in os.environ if name.startswith(PREFIX))
    for name in sorted(ours):
        if name.removeprefix(PREFIX) not in known:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), known, n=1)
            hint = f"; did you mean {PREFIX}{near[0]}?" if near else ": unset it"
            raise UsageError(f"{name} is not a setting{hint}")


def _first(error: pydantic.ValidationError, said: Mapping[str, object]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    told = f"--{name.replace('_', '-')} " if name in said else f"{PREFIX}{name.upper()}="
    return f"{told}{first['input']}: {first['msg'][0].lower()}{first['msg'][1:]}"
