"""Say where a lock was made: that names it, and decides whether it is any business of ours."""

import sys
from types import FrameType
from typing import Final

# A lock of these is part of how Python, or telemetry itself, works. Told, it would say nothing, and
# telling it could need the very same lock.
_NOT_OURS: Final = frozenset(sys.stdlib_module_names) - {"__main__"} | {
    "backports", "duckdb", "google", "grpc", "httpcore", "httpx", "hypothesis", "opentelemetry",
    "pip", "pluggy", "pyarrow", "pytest", "_pytest", "pytest_timeout", "requests", "rich",
    "spanledger", "spanledger_exporters", "urllib3", "uvicorn", "wrapt",
}  # fmt: skip


def site_of(frame: FrameType | None, through: str = "") -> str | None:
    """`package.module.function:line` of the code that makes a lock; None if that is not told.

    Frames of the module `through` (the locks' own) are passed over.
    """
    while frame is not None and through and frame.f_globals.get("__name__") == through:
        frame = frame.f_back
    if frame is None:
        return None
    module = str(frame.f_globals.get("__name__", "?"))
    if module.partition(".")[0] in _NOT_OURS:
        return None
    return f"{module}.{frame.f_code.co_qualname}:{frame.f_lineno}"
