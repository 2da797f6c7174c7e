"""Write texts and paths as SQL literals."""

import re
from pathlib import Path


def quote(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def without_patterns(path: Path) -> str:
    """A path in which DuckDB finds no pattern of several files."""
    return re.sub(r"[\[*?]", r"[\g<0>]", str(path))
