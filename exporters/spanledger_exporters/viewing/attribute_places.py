"""Know which attribute keys occur where: on spans, resources, scopes, events or links.

A search for an attribute must look in all five places, and reading the five maps of two million
spans takes 2.7 s of CPU. Their keys alone take 0.3 s, once, as segments do not change; then most
places need not be read: nobody's resource has a `gen_ai.tool.name`.
"""

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from spanledger_exporters.storing.layout import Layout

PLACES: Final = {
    "attributes": "attributes.key_value.key",
    "resource": "resource.key_value.key",
    "scope_attributes": "scope_attributes.key_value.key",
    "events": "events.list.element.attributes.key_value.key",
    "links": "links.list.element.attributes.key_value.key",
}
"""Column of `spans` to the Parquet leaf with the keys of its attributes."""

Keys = dict[str, frozenset[str]]


class AttributePlaces:
    """The places of one data directory's attribute keys; may be used from many threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._known: dict[str, Keys] = {}
        self._lock = threading.Lock()

    def of(self, key: str) -> frozenset[str]:
        """Every place in which a span may have the key.

        To be called while the ledger is open, when no segment can come or go unseen.
        """
        with self._lock:
            keys = self._current().values()
        if any(_mentions(path, key) for path in self._layout.hot_files("spans")):
            return frozenset(PLACES)
        return frozenset(place for place in PLACES if any(key in found[place] for found in keys))

    def _current(self) -> dict[str, Keys]:
        segments = self._layout.segments("spans").glob("*.parquet")
        self._known = {
            path.name: self._known.get(path.name) or _keys(path) for path in sorted(segments)
        }
        return self._known


def _mentions(path: Path, key: str) -> bool:
    """Whether the journal file has the key's text anywhere; one that is gone has nothing."""
    quoted = json.dumps(key, ensure_ascii=False).encode()
    try:
        return quoted in path.read_bytes()
    except FileNotFoundError:
        return False


def _keys(path: Path) -> Keys:
    found: dict[str, set[str]] = {place: set() for place in PLACES}
    with pq.ParquetFile(path, read_dictionary=list(PLACES.values())) as file:
        for group in range(file.num_row_groups):
            for place, leaf in PLACES.items():
                column = file.read_row_group(group, columns=[leaf], use_threads=False).column(0)
                found[place].update(_dictionary(column.chunks))
    return {place: frozenset(keys) for place, keys in found.items()}


def _dictionary(chunks: Iterable[Any]) -> Iterable[str]:
    """The different keys in lists of structs (of lists of structs) down to the keys."""
    for chunk in chunks:
        array = chunk
        while not pa.types.is_dictionary(array.type):
            array = array.field(0) if pa.types.is_struct(array.type) else array.values
        yield from array.dictionary.to_pylist()
