"""Decode log export requests into rows of `logs`."""

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import attributes, source, talks, text
from spanledger_exporters.decoding.attributes import Values
from spanledger_exporters.decoding.promote import promote
from spanledger_exporters.decoding.rows import Rows, failing, refuse
from spanledger_exporters.decoding.spans import finish, is_length
from spanledger_exporters.decoding.wire import WIRES


def decode(payloads: list[bytes], wires: list[str | None] | None = None) -> Rows:
    """Serialized ExportLogsServiceRequests to rows; `wires` has the `wire` of each payload.

    Raises NotWholeError when one of them is not what it should be, IrregularError when a record has
    an invalid id or something no column holds.
    """
    found = source.read("logs", WIRES["logs"], payloads)
    logs = found.records
    own = attributes.decode(pc.struct_field(logs, "attributes"))
    bodies = pc.struct_field(logs, "body")
    indexed = failing(pc.is_null(pc.struct_field(bodies, "string_value_strindex")))
    refuse([own.irregular, found.irregular, _bad_ids(logs), indexed])
    body, body_type, body_json = _body(bodies)
    promoted = promote("logs", own, found.resource, found.resource_of)
    columns = _plain(logs) | {
        "body": body,
        "body_type": body_type,
        "attributes": own.map,
        "attribute_types": own.types,
        **promoted,
    }
    columns["event_name"] = _event_name(columns)
    columns |= talks.of_logs(own, columns["event_name"], body, promoted)
    return finish("logs", found, columns, {"attributes": own.json, "body": body_json}, wires)


def _plain(logs: pa.Array) -> dict[str, pa.Array]:
    return {
        "time_ns": _time(logs, "time_unix_nano"),
        "observed_ns": _time(logs, "observed_time_unix_nano"),
        "trace_id": text.hexadecimal(pc.struct_field(logs, "trace_id")),
        "span_id": text.hexadecimal(pc.struct_field(logs, "span_id")),
        "flags": text.zero_to_null(pc.struct_field(logs, "flags")),
        "severity_number": pc.cast(
            text.zero_to_null(pc.struct_field(logs, "severity_number")), pa.int32()
        ),
        "severity_text": text.empty_to_null(pc.struct_field(logs, "severity_text")),
        "event_name_field": text.empty_to_null(pc.struct_field(logs, "event_name")),
        "dropped_attributes_count": text.zero_to_null(
            pc.struct_field(logs, "dropped_attributes_count")
        ),
    }


def _time(logs: pa.Array, field: str) -> pa.Array:
    return text.zero_to_null(pc.struct_field(logs, field).view(pa.int64()))


def _body(column: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """The body's text, type letter and JSON; all null where no body was sent."""
    found = attributes.any_values(column)
    sent = pc.is_valid(column)
    json = text.enclosed('"', found.json, '"')
    if found.strings is not None:
        json = pc.if_else(found.strings, json, found.json)
    return (
        pc.if_else(sent, found.text, text.NO_TEXT),
        pc.if_else(sent, _letters(found), text.NO_TEXT),
        pc.if_else(sent, json, text.NO_TEXT),
    )


def _letters(found: Values) -> pa.Array | pa.Scalar:
    if found.letters is None:
        return text.constant("s")
    each = pc.cast(pa.arange(0, len(found.letters) + 1), pa.int32())
    return text.strings_at(each, found.letters.buffers()[1])


def _event_name(columns: dict[str, pa.Array]) -> pa.Array:
    """The attribute event.name wins over the field, where Codex writes source locations."""
    field = columns["event_name_field"]
    return pc.coalesce(columns["event_name"], field) if "event_name" in columns else field


def _bad_ids(logs: pa.Array) -> pa.Array:
    return failing(
        is_length(pc.struct_field(logs, "trace_id"), 16),
        is_length(pc.struct_field(logs, "span_id"), 8),
    )
