"""Fill in the files that are shipped for the Collector, Jaeger and Grafana.

The files are ready as they are, for the usual ports; here they get those that are set.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from spanledger_exporters.errors import StoreError, UsageError
from spanledger_exporters.receiving.addresses import host_port
from spanledger_exporters.settings import Settings
from spanledger_exporters.viewing.grafana_files import grafana_files
from spanledger_exporters.viewing.grafana_sources import Places

_CHECKOUT: Final = Path(__file__).parents[2] / "collector-config"
_COLLECTOR: Final = (
    "agent-laptop.yaml",
    "gateway.yaml",
    "tee-jaeger.yaml",
    "file-export.yaml",
    "from-export.yaml",
    "load-balancing.yaml",
    "builder.yaml",
)
_USUAL: Final = 4317
_BEHIND: Final = 14317
"""Where the ledger listens when a Collector has the usual port."""
_JAEGER: Final = 17271
_FLIGHT: Final = 8815


@dataclass(frozen=True, slots=True)
class Setup:
    """What a program needs: files by name, the one that is printed, how to go on."""

    files: dict[Path, str]
    first: Path
    remark: str


def shipped_dir() -> Traversable:
    """The folder: inside the installed package, else the checkout's."""
    inside = files("spanledger_exporters") / "collector-config"
    return inside if inside.is_dir() else _CHECKOUT


def collector(settings: Settings) -> Setup:
    """The Collector takes the usual ports, so the ledger must have others."""
    port = _BEHIND if settings.grpc_port == _USUAL else settings.grpc_port
    texts = {
        Path(name): _read(name)
        .replace(f"127.0.0.1:{_BEHIND}", host_port(settings.host, port))
        .replace(f"--grpc-port {_BEHIND}", f"--grpc-port {port}")
        for name in _COLLECTOR
    }
    remark = f"start `spanledger serve --grpc-port {port} --http-port {port + 1}` behind it"
    return Setup(texts, Path(_COLLECTOR[0]), remark)


def jaeger(settings: Settings) -> Setup:
    """Jaeger asks our storage port."""
    if settings.jaeger_port == "off":
        raise UsageError("Jaeger's port is off: unset SPANLEDGER_JAEGER_PORT")
    name = Path("jaeger.yaml")
    where = host_port(settings.host, settings.jaeger_port)
    text = _read(str(name)).replace(f"127.0.0.1:{_JAEGER}", where)
    return Setup({name: text}, name, f"`spanledger serve` answers Jaeger on {where}")


def grafana(settings: Settings) -> Setup:
    """Grafana asks the UI port for traces and reports, Flight SQL for the panels."""
    port = settings.flight_port or _FLIGHT
    places = Places(
        ui=f"http://{host_port(settings.host, settings.ui_port)}",
        flight=f"http://{host_port(settings.host, port)}",
    )
    found = grafana_files(places)
    remark = (
        f"start `spanledger serve --flight-port {port}`; with a token, set SPANLEDGER_FLIGHT_TOKEN"
        " for it and for Grafana"
    )
    return Setup(found, next(iter(found)), remark)


SETUPS: Final[dict[str, Callable[[Settings], Setup]]] = {
    "collector": collector,
    "jaeger": jaeger,
    "grafana": grafana,
}


def write(setup: Setup, folder: Path) -> list[Path]:
    """Write the files into a folder. Raises UsageError when one is there and is another."""
    paths = {folder / name: text for name, text in setup.files.items()}
    try:
        for path, text in paths.items():
            if path.exists() and path.read_text(encoding="utf-8") != text:
                raise UsageError(f"{path} is there already: move it away, or choose another folder")
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror}") from error
    return list(paths)


def _read(name: str) -> str:
    return (shipped_dir() / name).read_text(encoding="utf-8")
