"""Send with the stock exporters for JavaScript, which npm installs into a cache folder once."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

_CLIENTS: Final = Path(__file__).parent / "clients"
_INSTALL_S: Final = 180
_SEND_S: Final = 60


@dataclass(frozen=True, slots=True)
class Node:
    """A node with the exporters installed in `home`."""

    executable: str
    home: Path

    def send(self, kind: str, url: str, compression: str, count: int, mark: str) -> str:
        """Export `count` spans; '' when the exporter reports success, else its error.

        `kind` is the end of the package's name: http (JSON), proto or grpc.
        """
        done = subprocess.run(
            [self.executable, _CLIENTS / "send.cjs", kind, url, compression, str(count), mark],
            env={**os.environ, "NODE_PATH": str(self.home / "node_modules")},
            capture_output=True,
            text=True,
            timeout=_SEND_S,
            check=False,
        )
        if done.returncode:
            return done.stderr
        told = json.loads(done.stdout)
        return str(told["error"] or told["code"]) if told["code"] else ""


def installed() -> Node:
    """Node with the exporters; skips with the reason when they cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed")
    cache = Path.home() / ".cache" / "spanledger-node"
    home = Path(os.environ.get("SPANLEDGER_NODE_MODULES", cache))
    wanted = (_CLIENTS / "package.json").read_text()
    noted = home / "installed.json"
    if not noted.exists() or noted.read_text() != wanted:
        _install(npm, home, wanted)
        noted.write_text(wanted)
    return Node(node, home)


def _install(npm: str, home: Path, wanted: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "package.json").write_text(wanted)
    command = [npm, "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_S, check=True)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm install took longer than {_INSTALL_S} s")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"npm install failed: {error.stderr.strip()[-300:]}")
