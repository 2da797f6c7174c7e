"""Turn lists of OTLP attributes into map columns, JSON objects and promoted columns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import text, values
from spanledger_exporters.decoding.shapes import MAP

_INT32: Final = pa.int32()
_NO_ROWS: Final = pa.array([], _INT32)
_JSON_NULL: Final = text.constant("null")
_ZERO: Final = pa.scalar(0, _INT32)
_ONE: Final = pa.scalar(1, _INT32)
_TWO: Final = pa.scalar(2, _INT32)
_NOTHING: Final = text.constant("")
_EDGE: Final = pa.array([True])
_CLOSINGS: Final = pa.array(["", '"', "}", '"}'])


@dataclass(frozen=True, slots=True)
class Values:
    """A column of AnyValues.

    `text` is what the maps hold, `json` the same for JSON, where strings still want their quotes.
    `strings` tells which are strings, `letters` has the codes of all type letters (uint8); both are
    None when all are strings.
    """

    text: pa.Array
    json: pa.Array
    strings: pa.Array | None
    letters: pa.Array | None
    integers: pa.Array


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of `rows` records.

    `map`, `types` and `json` have one value a record. The entries of all records follow each other
    in `owners` (index of the record), `codes` (index into `keys`) and `values`. `irregular` has
    the records whose attributes no map can hold: a key came twice, or points into a dictionary.
    """

    rows: int
    map: pa.MapArray
    types: pa.Array
    json: pa.Array
    keys: list[str]
    owners: pa.Array
    codes: pa.Array
    values: Values
    irregular: pa.Array


def decode(lists: pa.Array) -> Attributes:
    """Decode a list<struct<key, value>> column; a null or empty list gives nulls."""
    entries = pc.list_flatten(lists)
    if not len(entries):
        return _none(len(lists))
    lengths = pc.fill_null(pc.list_value_length(lists), _ZERO)
    owners = pc.cast(pc.list_parent_indices(lists), _INT32)
    names = pc.struct_field(entries, "key")
    keys = names.dictionary_encode()
    found = any_values(pc.struct_field(entries, "value"))
    offsets = offsets_of(lengths)
    none = pc.equal(lengths, _ZERO)
    elsewhere = pc.not_equal(owners.slice(1), owners.slice(0, len(owners) - 1))
    return Attributes(
        rows=len(lists),
        map=pa.MapArray.from_arrays(offsets, names, found.text, mask=none),
        types=_types(found.letters, offsets, none),
        json=_cut(_pieces(keys, found, elsewhere), offsets, none),
        keys=keys.dictionary.to_pylist(),
        owners=owners,
        codes=keys.indices,
        values=found,
        irregular=pa.concat_arrays([_repeated(owners, keys, elsewhere), _indexed(entries, owners)]),
    )


def any_values(column: pa.Array) -> Values:
    """Decode a struct<string_value, int_value, …> column, the oneof of AnyValue."""
    strings = pc.struct_field(column, "string_value")
    integers = pc.struct_field(column, "int_value")
    escaped = text.escaped(strings)
    if not strings.null_count:
        return Values(strings, escaped, None, None, integers)
    others = _other_texts(column)
    plain = pc.coalesce(strings, *others.values())
    json = plain if escaped is strings else pc.coalesce(escaped, *others.values())
    return Values(
        text=plain,
        json=pc.coalesce(json, _JSON_NULL) if json.null_count else json,
        strings=pc.is_valid(strings),
        letters=_letters(column, {"s": strings, **others}),
        integers=integers,
    )


def _letters(column: pa.Array, texts: dict[str, pa.Array]) -> pa.Array:
    """The code of each value's type letter (`values.LETTERS`)."""
    codes = pc.if_else(pc.is_valid(column), _code("n"), _code("-"))
    for letter, values_of in texts.items():
        codes = pc.if_else(pc.is_valid(values_of), _code(letter), codes)
    return codes


@cache
def _code(letter: str) -> pa.Scalar:
    return pa.scalar(ord(letter), pa.uint8())


def _pieces(keys: pa.DictionaryArray, found: Values, elsewhere: pa.Array) -> pa.Array:
    """Each entry as its part of the record's JSON object; `elsewhere`: where a record ends."""
    # Per entry only places are computed; four ways to open each different key are written once.
    quoted = text.enclosed('"', text.escaped(keys.dictionary), '":')
    openings = [text.enclosed(first, quoted, quote) for first in (",", "{") for quote in ("", '"')]
    width = pa.scalar(len(quoted), _INT32)
    first, last = (
        pc.multiply(pc.cast(pa.concat_arrays(edges), _INT32), _TWO)
        for edges in ((_EDGE, elsewhere), (elsewhere, _EDGE))
    )
    quotes = _ONE if found.strings is None else pc.cast(found.strings, _INT32)
    opening = pc.add(pc.multiply(pc.add(first, quotes), width), keys.indices)
    return pc.binary_join_element_wise(
        pa.concat_arrays(openings).take(opening),
        found.json,
        _CLOSINGS.take(pc.add(last, quotes)),
        _NOTHING,
    )


def _cut(pieces: pa.Array, offsets: pa.Array, none: pa.Array) -> pa.Array:
    """The pieces of each list as one text; null where `none`. They follow each other already."""
    return text.strings_at(text.ends_of(pieces).take(offsets), pieces.buffers()[2], none)


def _other_texts(column: pa.Array) -> dict[str, pa.Array]:
    """JSON text by type letter for the values that are not strings, null elsewhere."""
    found = {}
    for letter, (field, convert) in _CONVERT.items():
        child = pc.struct_field(column, field)
        if child.null_count < len(child):
            found[letter] = _sparse(child, convert)
    return found


def _sparse(column: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Convert the values that are there: of 15 attributes one may be a double."""
    places = pc.cast(pc.indices_nonzero(pc.is_valid(column)), _INT32)
    return convert(column.drop_null()).take(
        pc.inverse_permutation(places, max_index=len(column) - 1, output_type=_INT32)
    )


def _each(column: pa.Array, convert: values.Convert) -> pa.Array:
    """Convert the different values of a column in Python: arrays are few and often the same."""
    encoded = column.dictionary_encode()
    texts = pa.array([convert(raw) for raw in encoded.dictionary.to_pylist()], pa.string())
    return texts.take(encoded.indices)


_CONVERT: Final[dict[str, tuple[str, Callable[[pa.Array], pa.Array]]]] = {
    "i": ("int_value", lambda v: pc.cast(v, pa.string())),
    "d": ("double_value", text.doubles),
    "b": ("bool_value", lambda v: pc.cast(v, pa.string())),
    "a": ("array_value", lambda v: _each(v, values.array_text)),
    "o": ("kvlist_value", lambda v: _each(v, values.object_text)),
    "y": ("bytes_value", lambda v: _each(v, values.bytes_text)),
}


def offsets_of(lengths: pa.Array) -> pa.Array:
    """List offsets (one more than rows) of lists with these lengths."""
    ends = pc.cumulative_sum(pc.cast(lengths, _INT32))
    return pa.concat_arrays([pa.array([0], _INT32), ends])


def join(pieces: pa.Array, offsets: pa.Array, none: pa.Array) -> pa.Array:
    """The pieces of each list with commas between; null where `none`."""
    lists = pa.ListArray.from_arrays(offsets, pieces, mask=none)
    return pc.binary_join(lists, ",")


def _types(letters: pa.Array | None, offsets: pa.Array, none: pa.Array) -> pa.Array:
    if letters is None:
        nothing: pa.Array = pa.nulls(len(none), pa.string())
        return nothing
    joined = text.strings_at(offsets, letters.buffers()[1], none)
    return pc.if_else(pc.match_substring_regex(joined, "^s*$"), text.NO_TEXT, joined)


def _none(rows: int) -> Attributes:
    """No record has any: spares 30 kernel calls for every kind of list that is empty."""
    nothing = pa.nulls(rows, pa.string())
    no_values = pa.array([], pa.string())
    return Attributes(
        rows=rows,
        map=pa.nulls(rows, MAP),
        types=nothing,
        json=nothing,
        keys=[],
        owners=_NO_ROWS,
        codes=_NO_ROWS,
        values=Values(no_values, no_values, None, None, pa.array([], pa.int64())),
        irregular=_NO_ROWS,
    )


def _indexed(entries: pa.Array, owners: pa.Array) -> pa.Array:
    """Records with a key or value that points into a profiles dictionary."""
    values_of = pc.struct_field(pc.struct_field(entries, "value"), "string_value_strindex")
    keys_of = pc.struct_field(entries, "key_strindex")
    return owners.filter(pc.or_(pc.is_valid(values_of), pc.not_equal(keys_of, _ZERO)))


def _repeated(owners: pa.Array, keys: pa.DictionaryArray, elsewhere: pa.Array) -> pa.Array:
    """Records with the same key twice.

    Codes count keys by first appearance, so they ascend inside nearly every record; where they do
    in all, as in one emitter's records, nothing has to be hashed.
    """
    codes = keys.indices
    ascending = pc.greater(codes.slice(1), codes.slice(0, len(codes) - 1))
    if pc.all(pc.or_(ascending, elsewhere)).as_py() is not False:
        return _NO_ROWS
    width = pa.scalar(len(keys.dictionary), pa.int64())
    pairs = pc.add(
        pc.multiply(pc.cast(owners, pa.int64()), width), pc.cast(keys.indices, pa.int64())
    )
    if pc.count_distinct(pairs).as_py() == len(pairs):
        return _NO_ROWS
    counted = pc.value_counts(pairs)
    twice = pc.struct_field(counted, "values").filter(
        pc.greater(pc.struct_field(counted, "counts"), pa.scalar(1, pa.int64()))
    )
    return pc.cast(pc.divide(twice, width), _INT32)
