"""Turn lists of OTLP attributes into map columns, JSON objects and promoted columns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import text, values
from spanledger_exporters.decoding.shapes import MAP

_INT32: Final = pa.int32()
_NO_ROWS: Final = pa.array([], _INT32)
_LETTER_N: Final = text.constant("n")
_LETTER_NONE: Final = text.constant("-")
_JSON_NULL: Final = text.constant("null")
_NOTHING: Final = text.constant("")
_COLON: Final = text.constant(":")
_ZERO: Final = pa.scalar(0, _INT32)


@dataclass(frozen=True, slots=True)
class Values:
    """A column of AnyValues: text as the maps hold it, JSON text, type letters (null: all `s`)."""

    text: pa.Array
    json: pa.Array
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
    keys = pc.struct_field(entries, "key").dictionary_encode()
    found = any_values(pc.struct_field(entries, "value"))
    offsets = offsets_of(lengths)
    none = pc.equal(lengths, _ZERO)
    members = pc.binary_join_element_wise(
        pc.take(
            pc.binary_join_element_wise(text.quoted(keys.dictionary), _COLON, _NOTHING),
            keys.indices,
        ),
        found.json,
        _NOTHING,
    )
    return Attributes(
        rows=len(lists),
        map=pa.MapArray.from_arrays(
            offsets, keys.dictionary.take(keys.indices), found.text, mask=none
        ),
        types=_types(found.letters, offsets, none),
        json=text.braced(join(members, offsets, none, ",")),
        keys=keys.dictionary.to_pylist(),
        owners=owners,
        codes=keys.indices,
        values=found,
        irregular=pa.concat_arrays([_repeated(owners, keys), _indexed(entries, owners)]),
    )


def any_values(column: pa.Array) -> Values:
    """Decode a struct<string_value, int_value, …> column, the oneof of AnyValue."""
    strings = pc.struct_field(column, "string_value")
    integers = pc.struct_field(column, "int_value")
    if not strings.null_count:
        return Values(strings, text.quoted(strings), None, integers)
    others = _other_texts(column, integers)
    plain = pc.coalesce(*others.values())
    letters = pc.coalesce(
        _letter(strings, "s"),
        *(_letter(t, kind) for kind, t in others.items()),
        pc.if_else(pc.is_valid(column), _LETTER_N, _LETTER_NONE),
    )
    return Values(
        text=pc.coalesce(strings, plain),
        json=pc.coalesce(text.quoted(strings), plain, _JSON_NULL),
        letters=letters,
        integers=integers,
    )


def _other_texts(column: pa.Array, integers: pa.Array) -> dict[str, pa.Array]:
    """JSON text by type letter for the values that are not strings, null elsewhere."""
    found = {"i": pc.cast(integers, pa.string())}
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
    "d": ("double_value", text.doubles),
    "b": ("bool_value", lambda v: pc.cast(v, pa.string())),
    "a": ("array_value", lambda v: _each(v, values.array_text)),
    "o": ("kvlist_value", lambda v: _each(v, values.object_text)),
    "y": ("bytes_value", lambda v: _each(v, values.bytes_text)),
}


def _letter(column: pa.Array, letter: str) -> pa.Array:
    return pc.if_else(pc.is_valid(column), text.constant(letter), text.NO_TEXT)


def offsets_of(lengths: pa.Array) -> pa.Array:
    """List offsets (one more than rows) of lists with these lengths."""
    ends = pc.cumulative_sum(pc.cast(lengths, _INT32))
    return pa.concat_arrays([pa.array([0], _INT32), ends])


def join(pieces: pa.Array, offsets: pa.Array, none: pa.Array, separator: str) -> pa.Array:
    """The pieces of each list as one text; null where `none`."""
    lists = pa.ListArray.from_arrays(offsets, pieces, mask=none)
    return pc.binary_join(lists, separator)


def _types(letters: pa.Array | None, offsets: pa.Array, none: pa.Array) -> pa.Array:
    if letters is None:
        nothing: pa.Array = pa.nulls(len(none), pa.string())
        return nothing
    joined = join(letters, offsets, none, "")
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
        values=Values(no_values, no_values, None, pa.array([], pa.int64())),
        irregular=_NO_ROWS,
    )


def _indexed(entries: pa.Array, owners: pa.Array) -> pa.Array:
    """Records with a key or value that points into a profiles dictionary."""
    values_of = pc.struct_field(pc.struct_field(entries, "value"), "string_value_strindex")
    keys_of = pc.struct_field(entries, "key_strindex")
    return owners.filter(pc.or_(pc.is_valid(values_of), pc.not_equal(keys_of, _ZERO)))


def _repeated(owners: pa.Array, keys: pa.DictionaryArray) -> pa.Array:
    """Records with the same key twice.

    Codes count keys by first appearance, so they ascend inside nearly every record; where they do
    in all, as in one emitter's records, nothing has to be hashed.
    """
    codes = keys.indices
    ascending = pc.greater(codes.slice(1), codes.slice(0, len(codes) - 1))
    elsewhere = pc.not_equal(owners.slice(1), owners.slice(0, len(owners) - 1))
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
