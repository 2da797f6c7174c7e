"""Read single spans and log records into rows, in plain Python."""

from collections.abc import Iterator
from typing import Any

from spanledger_exporters.decoding import values
from spanledger_exporters.decoding.plain import Irregular, Row, attributes, signed


def of_span(span: Any) -> Iterator[Row]:
    """The row of one Span."""
    sent = span.HasField("status")
    yield {
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        "parent_span_id": span.parent_span_id.hex() or None,
        "trace_state": span.trace_state or None,
        "flags": span.flags or None,
        "name": span.name,
        "kind": span.kind,
        "start_ns": signed(span.start_time_unix_nano),
        "end_ns": signed(span.end_time_unix_nano),
        "status_code": span.status.code if sent else None,
        "status_message": span.status.message or None,
        **attributes(span.attributes),
        "dropped_attributes_count": span.dropped_attributes_count or None,
        "events": [_event(event) for event in span.events] or None,
        "dropped_events_count": span.dropped_events_count or None,
        "links": [_link(link) for link in span.links] or None,
        "dropped_links_count": span.dropped_links_count or None,
    }


def _event(event: Any) -> Row:
    return {
        "time_ns": signed(event.time_unix_nano),
        "name": event.name,
        **attributes(event.attributes),
        "dropped_attributes_count": event.dropped_attributes_count or None,
    }


def _link(link: Any) -> Row:
    return {
        "trace_id": link.trace_id.hex() or None,
        "span_id": link.span_id.hex() or None,
        "trace_state": link.trace_state or None,
        **attributes(link.attributes),
        "dropped_attributes_count": link.dropped_attributes_count or None,
        "flags": link.flags or None,
    }


def of_log(log: Any) -> Iterator[Row]:
    """The row of one LogRecord."""
    sent = log.HasField("body")
    letter = values.letter_of(log.body) if sent else None
    if letter == "?":
        raise Irregular
    yield {
        "time_ns": signed(log.time_unix_nano) or None,
        "observed_ns": signed(log.observed_time_unix_nano) or None,
        "trace_id": log.trace_id.hex() or None,
        "span_id": log.span_id.hex() or None,
        "flags": log.flags or None,
        "severity_number": log.severity_number or None,
        "severity_text": log.severity_text or None,
        "event_name_field": log.event_name or None,
        "body": values.text_of(log.body) if sent else None,
        "$body": values.natural(log.body),
        "body_type": letter,
        **attributes(log.attributes),
        "dropped_attributes_count": log.dropped_attributes_count or None,
    }
