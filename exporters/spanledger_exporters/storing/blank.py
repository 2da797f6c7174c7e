"""Keep an empty ledger, its views made, in the user's cache: making them takes a second of CPU."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import duckdb
from platformdirs import user_cache_path

_LOG: Final = logging.getLogger(__name__)
_OLD_S: Final = 24 * 3600


def blank(version: str, make: Callable[[Path], None]) -> Path | None:
    """The file of this version, made by `make` if need be; None where there can be no cache."""
    path = user_cache_path("spanledger") / f"blank-{duckdb.__version__}-{version}.duckdb"
    if path.exists():
        return path
    temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        make(temporary)
        temporary.replace(path)
    except (OSError, duckdb.Error) as error:
        _LOG.debug("no blank ledger is kept: %s", error)
        return None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    _forget_others(path)
    return path


def _forget_others(path: Path) -> None:
    """Those of other versions, unless they are from today: two may be in use."""
    with contextlib.suppress(OSError):
        for other in _others(path):
            other.unlink(missing_ok=True)


def _others(path: Path) -> Iterator[Path]:
    for other in path.parent.glob("blank-*"):
        if other != path and time.time() - other.stat().st_mtime > _OLD_S:
            yield other
