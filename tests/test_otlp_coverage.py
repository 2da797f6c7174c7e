"""Every field of the OTLP messages has a column, or a written reason why not."""

from collections.abc import Iterator
from typing import Any

import pytest

from spanledger_exporters.columns import TABLES
from spanledger_exporters.decoding.wire import WIRES

NOT_A_COLUMN = {
    "AnyValue": "the texts of the map columns, with a letter each in *_types",
    "ArrayValue": "JSON text inside a map column",
    "KeyValueList": "JSON text inside a map column",
    "KeyValue": "the keys of the map columns",
    "EntityRef": "JSON text in resource_entity_refs",
}
HELD_ELSEWHERE = {
    "Span.status": "status_code, status_message",
    "Exemplar.as_int": "exemplars[].value_int",
    "Exemplar.as_double": "exemplars[].value_double",
    "Buckets.offset": "positive_offset, negative_offset",
    "Buckets.bucket_counts": "positive_bucket_counts, negative_bucket_counts",
    "ValueAtQuantile.quantile": "quantile_values[].quantile",
    "ValueAtQuantile.value": "quantile_values[].value",
}
ENVELOPE = {"resource_spans", "resource_logs", "resource_metrics", "scope_spans", "scope_logs"}
ENVELOPE |= {"scope_metrics", "spans", "log_records", "metrics", "resource", "scope"}
ENVELOPE |= {"data_points"}
NESTED = {"Event": "events", "Link": "links", "Exemplar": "exemplars"}
RENAMED = {"time_unix_nano": "time_ns"}
POINTS = {
    "HistogramDataPoint",
    "ExponentialHistogramDataPoint",
    "SummaryDataPoint",
    "NumberDataPoint",
}


def fields(descriptor: Any, seen: set[str]) -> Iterator[tuple[str, str]]:
    """Every (message, field) that an export request can hold."""
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    for field in descriptor.fields:
        yield descriptor.name, field.name
        if field.message_type is not None:
            yield from fields(field.message_type, seen)


def holder(signal: str, message: str, field: str) -> str | None:
    """What says where a field is kept; None when nothing does."""
    columns = TABLES[signal]
    held = {name: column.name for column in columns for name in column.otlp}
    if field in ENVELOPE or message in NOT_A_COLUMN:
        return "envelope"
    if message in NESTED:
        nested = next(column for column in columns if column.name == NESTED[message])
        if f"{RENAMED.get(field, field)} " in nested.type:
            return nested.name
    if message in POINTS:  # the five kinds of points share their columns
        for point in POINTS:
            if f"{point}.{field}" in held:
                return held[f"{point}.{field}"]
    name = f"{message}.{field}"
    return held.get(name) or HELD_ELSEWHERE.get(name)


@pytest.mark.parametrize("signal", list(TABLES))
def test_every_field_of_the_protocol_has_a_column_or_a_reason(signal: str) -> None:
    request = WIRES[signal].request.DESCRIPTOR
    lost = [
        f"{message}.{field}"
        for message, field in fields(request, set())
        if holder(signal, message, field) is None
    ]
    assert lost == []


@pytest.mark.parametrize("signal", list(TABLES))
def test_every_column_that_names_a_field_names_one_that_exists(signal: str) -> None:
    real: set[str] = set()
    for one in WIRES:  # resource and scope columns name the fields of all three signals
        request = WIRES[one].request.DESCRIPTOR
        real |= {f"{message}.{field}" for message, field in fields(request, set())}
    named = {name for column in TABLES[signal] for name in column.otlp}
    assert named - real == set()
