"""Decode trace export requests into rows of `spans`."""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import attributes, source, talks, text
from spanledger_exporters.decoding.attributes import Attributes
from spanledger_exporters.decoding.promote import promote
from spanledger_exporters.decoding.rows import Rows, failing, members_of, refuse, structs
from spanledger_exporters.decoding.shapes import list_of, schema
from spanledger_exporters.decoding.wire import WIRES

_NO_TRACE: Final = pa.scalar(bytes(16), pa.binary())
_NO_SPAN: Final = pa.scalar(bytes(8), pa.binary())
_ZERO: Final = pa.scalar(0, pa.int32())
_EIGHT: Final = pa.scalar(8, pa.int32())
_SIXTEEN: Final = pa.scalar(16, pa.int32())
_SIZES: Final = {size: pa.array([0, size], pa.int32()) for size in (8, 16)}


def decode(payloads: list[bytes], wires: list[str | None] | None = None) -> Rows:
    """Serialized ExportTraceServiceRequests to rows; `wires` has the `wire` of each payload.

    Raises NotWholeError when one of them is not what it should be, IrregularError when a record has
    an invalid id or something no column holds.
    """
    found = source.read("spans", WIRES["spans"], payloads)
    spans = found.records
    own = attributes.decode(pc.struct_field(spans, "attributes"))
    events = _events(pc.struct_field(spans, "events"))
    links = _links(pc.struct_field(spans, "links"))
    refuse([own.irregular, events.irregular, links.irregular, found.irregular, _bad_ids(spans)])
    promoted = promote("spans", own, found.resource, found.resource_of)
    columns = _plain(spans) | {
        "attributes": own.map,
        "attribute_types": own.types,
        "events": events.column,
        "links": links.column,
        **promoted,
        **talks.of_spans(own, events.talk, promoted),
    }
    json = {"attributes": own.json, "events": events.json, "links": links.json}
    return finish("spans", found, columns, json, wires)


def finish(
    signal: str,
    found: source.Source,
    columns: dict[str, pa.Array],
    json: dict[str, pa.Array],
    wires: list[str | None] | None,
) -> Rows:
    """Rows of a record's own columns and those of its source."""
    if wires is not None:
        columns["wire"] = pa.array(wires, pa.string()).take(found.payload_of)
    members = members_of(schema(signal).names, columns, json, [found.members.take(found.scope_of)])
    return Rows(signal, len(found.records), columns | found.for_records(), members)


def _plain(spans: pa.Array) -> dict[str, pa.Array]:
    status = pc.struct_field(spans, "status")
    return {
        "trace_id": text.hexadecimal(pc.struct_field(spans, "trace_id")),
        "span_id": text.hexadecimal(pc.struct_field(spans, "span_id")),
        "parent_span_id": text.hexadecimal(pc.struct_field(spans, "parent_span_id")),
        "trace_state": text.empty_to_null(pc.struct_field(spans, "trace_state")),
        "flags": text.zero_to_null(pc.struct_field(spans, "flags")),
        "name": pc.struct_field(spans, "name"),
        "kind": pc.struct_field(spans, "kind"),
        "start_ns": pc.struct_field(spans, "start_time_unix_nano").view(pa.int64()),
        "end_ns": pc.struct_field(spans, "end_time_unix_nano").view(pa.int64()),
        "status_code": pc.struct_field(status, "code"),
        "status_message": text.empty_to_null(pc.struct_field(status, "message")),
        "dropped_attributes_count": _count(spans, "dropped_attributes_count"),
        "dropped_events_count": _count(spans, "dropped_events_count"),
        "dropped_links_count": _count(spans, "dropped_links_count"),
    }


def _count(records: pa.Array, field: str) -> pa.Array:
    return text.zero_to_null(pc.struct_field(records, field))


@dataclass(frozen=True, slots=True)
class _Nested:
    """A list<struct> column, its JSON text (null for an empty list) and the irregular spans.

    `talk` has the events that are about messages.
    """

    column: pa.Array
    json: pa.Array
    irregular: pa.Array
    talk: talks.EventsOf


def _events(lists: pa.Array) -> _Nested:
    events, owners = source.flatten(lists)
    kind = list_of("events", "spans")
    if not len(events):
        return _none(len(lists), kind)
    own = attributes.decode(pc.struct_field(events, "attributes"))
    fields = {
        "time_ns": pc.struct_field(events, "time_unix_nano").view(pa.int64()),
        "name": pc.struct_field(events, "name"),
        "attributes": own.map,
        "attribute_types": own.types,
        "dropped_attributes_count": _count(events, "dropped_attributes_count"),
    }
    return _nested(lists, owners, kind, fields, own, talks.events_of(fields["name"], owners, own))


def _links(lists: pa.Array) -> _Nested:
    links, owners = source.flatten(lists)
    kind = list_of("links", "spans")
    if not len(links):
        return _none(len(lists), kind)
    own = attributes.decode(pc.struct_field(links, "attributes"))
    fields = {
        "trace_id": text.hexadecimal(pc.struct_field(links, "trace_id")),
        "span_id": text.hexadecimal(pc.struct_field(links, "span_id")),
        "trace_state": text.empty_to_null(pc.struct_field(links, "trace_state")),
        "attributes": own.map,
        "attribute_types": own.types,
        "dropped_attributes_count": _count(links, "dropped_attributes_count"),
        "flags": _count(links, "flags"),
    }
    return _nested(lists, owners, kind, fields, own, {})


def _none(rows: int, kind: pa.DataType) -> _Nested:
    return _Nested(
        pa.nulls(rows, pa.list_(kind)), pa.nulls(rows, pa.string()), pa.array([], pa.int32()), {}
    )


def _nested(
    lists: pa.Array,
    owners: pa.Array,
    kind: pa.DataType,
    fields: dict[str, pa.Array],
    own: Attributes,
    talk: talks.EventsOf,
) -> _Nested:
    lengths = pc.fill_null(pc.list_value_length(lists), _ZERO)
    offsets = attributes.offsets_of(lengths)
    none = pc.equal(lengths, _ZERO)
    objects = text.objects(members_of(fields, fields, {"attributes": own.json}))
    return _Nested(
        pa.ListArray.from_arrays(offsets, structs(kind, fields), mask=none),
        text.enclosed("[", attributes.join(objects, offsets, none), "]"),
        owners.take(own.irregular),
        talk,
    )


def _bad_ids(spans: pa.Array) -> pa.Array:
    """Spans whose ids are not 16 and 8 bytes or all zero; a parent may be absent.

    Links are checked for length only: a link to nowhere is legal.
    """
    trace, span, parent = (
        pc.struct_field(spans, name) for name in ("trace_id", "span_id", "parent_span_id")
    )
    links, owners = source.flatten(pc.struct_field(spans, "links"))
    own = failing(
        pc.equal(pc.binary_length(trace), _SIXTEEN),
        pc.not_equal(trace, _NO_TRACE),
        pc.equal(pc.binary_length(span), _EIGHT),
        pc.not_equal(span, _NO_SPAN),
        is_length(parent, 8),
    )
    if not len(links):
        return own
    linked = failing(
        is_length(pc.struct_field(links, "trace_id"), 16),
        is_length(pc.struct_field(links, "span_id"), 8),
    )
    return pa.concat_arrays([pc.cast(own, pa.int32()), owners.take(linked)])


def is_length(ids: pa.Array, size: int) -> pa.Array:
    """Whether each id is absent or of this many bytes."""
    return pc.is_in(pc.binary_length(ids), value_set=_SIZES[size])
