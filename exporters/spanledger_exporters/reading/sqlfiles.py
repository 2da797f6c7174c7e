"""Find the files of SQL that the ledger is made of, and read them."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[3] / "queries"
_SECTION: Final = re.compile(r"^-- gives: (\w+)\s*$", re.MULTILINE)
_LIKENESS: Final = re.compile(r"^-- gives: (\w+), as (\w+)\s*$", re.MULTILINE)


def queries_dir() -> Traversable:
    """The SQL folder: inside the installed package, else the checkout's."""
    shipped = files("spanledger_exporters") / "queries"
    return shipped if shipped.is_dir() else _CHECKOUT


def followers(root: Traversable) -> dict[tuple[str, str], list[str]]:
    """The dialects that write a kind of record as another one does, by kind and that other."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in sql_files(root / "dialects"):
        for kind, model in _LIKENESS.findall(file.read_text(encoding="utf-8")):
            found.setdefault((kind, model), []).append(stem(file))
    return found


def sections(dialect: Traversable) -> dict[str, str]:
    """A dialect's SELECTs by what they give."""
    _, *rest = _SECTION.split(_LIKENESS.sub("", dialect.read_text(encoding="utf-8")))
    return {
        kind: text.strip().rstrip(";") for kind, text in zip(rest[::2], rest[1::2], strict=True)
    }


def body(file: Traversable) -> str:
    """A file's SELECT."""
    return _without_comments(file.read_text(encoding="utf-8"))


def _without_comments(text: str) -> str:
    """Comments would only lengthen each view's text; the files are the place to read them."""
    return "\n".join(line for line in text.splitlines() if line and not line.startswith("--"))


def sql_files(folder: Traversable) -> list[Traversable]:
    """The folder's files, by name."""
    found = (file for file in folder.iterdir() if file.name.endswith(".sql"))
    return sorted(found, key=lambda file: file.name)


def stem(file: Traversable) -> str:
    """The name by which a file's relation is read."""
    return file.name.removesuffix(".sql")
