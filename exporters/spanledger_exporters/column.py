"""What a column of the three tables is."""

from dataclasses import dataclass
from typing import Final

MAP: Final = "MAP(VARCHAR, VARCHAR)"
"""Attribute values: strings as they are, all others as JSON text; a `*_types` column restores."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: DuckDB type, the OTLP field it holds, the attribute keys it is promoted from."""

    name: str
    type: str
    otlp: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    of_resource: tuple[str, ...] = ()
