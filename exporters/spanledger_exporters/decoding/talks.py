"""Fill `promoted.TALK` for many records at once: those that have messages are read in Python."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters import promoted
from spanledger_exporters.decoding import talk
from spanledger_exporters.decoding.attributes import Attributes

Texts = dict[str, str | None]
EventsOf = dict[int, list[tuple[str, Texts]]]
_NAMES = tuple(column.name for column in promoted.TALK)


def of_spans(own: Attributes, events: EventsOf, found: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """The columns of spans; `events` are the ones about messages by span, `found` is promoted."""
    texts = _texts(own)
    rows = sorted(texts.keys() | events.keys())
    tools, operations = _at(found, "tool_name", rows), _at(found, "operation", rows)
    said = {
        row: talk.talk(texts.get(row, {}), events.get(row, ()), operation)
        for row, tool, operation in zip(rows, tools, operations, strict=True)
        if tool is None
    }
    planning = {
        row: events[row]
        for row, tool in zip(rows, tools, strict=True)
        if row in events and tool in promoted.PLANNING_TOOLS
    }
    return _columns(said, own.rows) | _plans(planning, found, own.rows)


def of_logs(
    own: Attributes, names: pa.Array, bodies: pa.Array, found: dict[str, pa.Array]
) -> dict[str, pa.Array]:
    """The columns of log records; `names` are their event names."""
    texts = _texts(own)
    old = pc.indices_nonzero(pc.match_substring_regex(names, f"^({talk.EVENT.pattern})$"))
    rows = sorted(texts.keys() | set(old.to_pylist()))
    if not rows:
        return {}
    said: dict[int, dict[str, str]] = {}
    listed = zip(
        rows,
        _at(found, "tool_name", rows),
        _at(found, "operation", rows),
        _at({"name": names}, "name", rows),
        _at({"body": bodies}, "body", rows),
        strict=True,
    )
    for row, tool, operation, name, body in listed:
        if tool is None and name is not None and talk.EVENT.fullmatch(name):
            said[row] = talk.talk_of_event(name, body)
        elif tool is None and row in texts:
            said[row] = talk.talk(texts[row], (), operation)
    return _columns(said, own.rows)


def events_of(names: pa.Array, owners: pa.Array, own: Attributes) -> EventsOf:
    """The events about messages by span."""
    found: EventsOf = {}
    known = [name for name in names.unique().drop_null().to_pylist() if talk.is_event(name)]
    if not known:
        return found
    places = pc.indices_nonzero(pc.is_in(names, value_set=pa.array(known, pa.string())))
    told = zip(
        owners.take(places).to_pylist(),
        names.take(places).to_pylist(),
        own.map.take(places).to_pylist(),
        strict=True,
    )
    for owner, name, pairs in told:
        found.setdefault(owner, []).append((name, dict(pairs or ())))
    return found


def _texts(own: Attributes) -> dict[int, Texts]:
    """The attributes that hold messages, by record."""
    codes = [code for code, key in enumerate(own.keys) if talk.is_key(key)]
    found: dict[int, Texts] = {}
    if not codes:
        return found
    places = pc.indices_nonzero(pc.is_in(own.codes, value_set=pa.array(codes, own.codes.type)))
    for owner, code, value in zip(*(_taken(own, places)), strict=True):
        found.setdefault(owner, {})[own.keys[code]] = value
    return found


def _taken(own: Attributes, places: pa.Array) -> Iterator[list[Any]]:
    for column in (own.owners, own.codes, own.values.text):
        yield column.take(places).to_pylist()


def _at(found: dict[str, pa.Array], name: str, rows: list[int]) -> list[Any]:
    if name not in found:
        return [None] * len(rows)
    values: list[Any] = found[name].take(pa.array(rows, pa.int64())).to_pylist()
    return values


def _columns(said: dict[int, dict[str, str]], rows: int) -> dict[str, pa.Array]:
    used = [name for name in _NAMES if any(name in columns_ for columns_ in said.values())]
    return {
        name: pa.array(
            [said[row].get(name) if row in said else None for row in range(rows)], pa.string()
        )
        for name in used
    }


def _plans(planning: EventsOf, found: dict[str, pa.Array], rows: int) -> dict[str, pa.Array]:
    """Planning calls whose texts are in events (Strands) and in no attribute."""
    texts = {row: talk.tool_texts(events) for row, events in planning.items()}
    filled: dict[str, pa.Array] = {}
    for place, name in enumerate((promoted.PLAN_DOCUMENT, promoted.PLAN_RESULT)):
        values = {row: pair[place] for row, pair in texts.items() if pair[place]}
        if values:
            column = pa.array([values.get(row) for row in range(rows)], pa.string())
            filled[name] = pc.coalesce(found[name], column) if name in found else column
    return filled
