"""Fill the promoted columns from attributes, as `promoted.PROMOTED` says."""

import itertools
from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters import columns, promoted
from spanledger_exporters.decoding import talk, text
from spanledger_exporters.decoding.attributes import Attributes
from spanledger_exporters.decoding.shapes import schema

_PLANNING: Final = pa.array(promoted.PLANNING_TOOLS)
_INTEGER: Final = f"^{promoted.INTEGER.pattern}$"
_NUMBER: Final = f"^{promoted.NUMBER.pattern}$"


def promote(
    signal: str, own: Attributes, resource: Attributes, source: pa.Array
) -> dict[str, pa.Array]:
    """Columns by name for the records of `own`; `source` is each record's row in `resource`.

    A column that no attribute fills is left out.
    """
    found: dict[str, pa.Array] = {}
    own_keys, resource_keys = _Keys(own), _Keys(resource)
    for column in columns.TABLES[signal]:
        if column.aliases or column.of_resource:
            kind = schema(signal).field(column.name).type
            values = own_keys.values(column.aliases, kind)
            values += [v.take(source) for v in resource_keys.values(column.of_resource, kind)]
            if values:
                found[column.name] = values[0] if len(values) == 1 else pc.coalesce(*values)
    _restrict_plans(found, own_keys)
    if "session_id" in found:
        answers = pc.match_substring_regex(found["session_id"], f"^{promoted.NO_SESSION}")
        found["session_id"] = pc.if_else(answers, text.NO_TEXT, found["session_id"])
    return found


class _Keys:
    """The entries of attributes by key."""

    def __init__(self, attributes: Attributes) -> None:
        """Sort them once: looking through all for each key takes four times as long."""
        self._attributes = attributes
        self._order = pc.array_sort_indices(attributes.codes)
        ends = pc.run_end_encode(attributes.codes.take(self._order)).run_ends.to_pylist()
        self._runs = dict(zip(attributes.keys, itertools.pairwise([0, *ends]), strict=True))

    def values(self, names: Sequence[str], kind: pa.DataType) -> list[pa.Array]:
        """The values of each of these keys that there is, as a column of `kind`, one a record."""
        return [self._column(*self._runs[name], kind) for name in names if name in self._runs]

    def _column(self, start: int, end: int, kind: pa.DataType) -> pa.Array:
        attributes, entries = self._attributes, self._order.slice(start, end - start)
        return _scatter(
            _cast(attributes, entries, kind), attributes.owners.take(entries), attributes
        )


def _cast(attributes: Attributes, entries: pa.Array, kind: pa.DataType) -> pa.Array:
    found = attributes.values
    if kind == pa.int64():
        integers = found.integers.take(entries)
        if not integers.null_count:
            return integers
        return _parsed(found.text.take(entries), _INTEGER, kind)
    texts = found.text.take(entries)
    return texts if kind == pa.string() else _parsed(texts, _NUMBER, kind)


def _parsed(texts: pa.Array, pattern: str, kind: pa.DataType) -> pa.Array:
    fits = pc.match_substring_regex(texts, pattern)
    trimmed = pc.utf8_trim_whitespace(pc.if_else(fits, texts, text.NO_TEXT))
    if kind == pa.int64():
        trimmed = pc.replace_substring_regex(trimmed, r"\.0+$", "")
    return pc.cast(trimmed, kind)


def _scatter(found: pa.Array, owners: pa.Array, attributes: Attributes) -> pa.Array:
    if len(found) == attributes.rows:  # every record has the key: already in order
        return found
    places = pc.inverse_permutation(owners, max_index=attributes.rows - 1, output_type=pa.int32())
    return found.take(places)


def _restrict_plans(found: dict[str, pa.Array], own: _Keys) -> None:
    conditional = [n for n in (promoted.PLAN_DOCUMENT, promoted.PLAN_RESULT) if n in found]
    planning = _planning(found.get("tool_name"), own) if conditional else None
    for name in conditional:
        value = found.pop(name)
        if planning is not None:
            found[name] = pc.if_else(planning, value, text.NO_TEXT)
    if promoted.PLAN_DOCUMENT in found:
        found[promoted.PLAN_DOCUMENT] = _unwrapped(found[promoted.PLAN_DOCUMENT])


def _unwrapped(documents: pa.Array) -> pa.Array:
    """Planning calls are few: each is looked at in Python."""
    wrapped = documents.unique().drop_null().to_pylist()
    plain = {document: talk.arguments(document) for document in wrapped}
    if all(document == found for document, found in plain.items()):
        return documents
    return pa.array([d and plain[d] for d in documents.to_pylist()], pa.string())


def _planning(tools: pa.Array | None, own: _Keys) -> pa.Array | None:
    """Which records are planning calls or carry a plan snapshot; None when surely none is."""
    masks = [] if tools is None else [pc.is_in(tools, value_set=_PLANNING)]
    masks += map(pc.is_valid, own.values([promoted.PLAN_SNAPSHOT], pa.string()))
    if not any(pc.any(mask).as_py() for mask in masks):
        return None
    return masks[0] if len(masks) == 1 else pc.or_(*masks)
