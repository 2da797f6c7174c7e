"""Views are made of the SQL of those dialects that there are records of."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing import segments, upkeep
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.segments import MERGED
from spanledger_exporters.storing.store import Store

from .parts import QUIET, START_NS, abandon, ask, journal, publisher, spans, write

EAGER = Merging(many=2)


def call(number: int, scope_name: str, **attributes: str) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    scope.scope.name = scope_name
    span = scope.spans.add(
        name="chat", trace_id=bytes([number]) * 16, span_id=number.to_bytes(8, "big")
    )
    span.start_time_unix_nano, span.end_time_unix_nano = START_NS, START_NS + 1000
    for key, value in attributes.items():
        span.attributes.add(key=key.replace("__", ".")).value.string_value = value
    return request.SerializeToString()


MODEL = call(1, "mine", gen_ai__operation__name="chat", gen_ai__request__model="m")
ARIZE = call(2, "openinference.x", openinference__span__kind="LLM", llm__model_name="n")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def spoken(layout: Layout) -> str:
    return str(ask(layout.ledger, "SELECT value FROM ledger_facts WHERE name = 'dialects'")[0][0])


def models(layout: Layout) -> list[str]:
    return sorted(str(row[0]) for row in ask(layout.ledger, "SELECT model FROM llm_calls"))


def test_a_dialect_is_in_the_views_once_it_was_published(layout: Layout) -> None:
    store = Store.open(layout.root, QUIET)
    assert spoken(layout) == ""
    write(store, "spans", spans(9), MODEL)
    assert store.publish(5)
    assert (spoken(layout), models(layout)) == ("semconv", ["m"])
    write(store, "spans", ARIZE)
    assert store.publish(5)
    assert (spoken(layout), models(layout)) == ("openinference,semconv", ["m", "n"])
    store.close()


def test_a_merged_segment_has_the_dialects_of_all_its_sources(layout: Layout) -> None:
    for request in (MODEL, ARIZE, spans(9)):
        abandon(journal(layout, "spans", request))
        assert publisher(layout, merging=EAGER).publish([], 1).done
    (merged,) = (path for path in layout.segment_files("spans") if MERGED in path.name)
    assert segments.footer(merged).dialects == frozenset({"openinference", "semconv"})
    assert models(layout) == ["m", "n"]


def test_a_segment_of_another_version_is_looked_through(layout: Layout) -> None:
    abandon(journal(layout, "spans", MODEL))
    assert publisher(layout).publish([], 1).done
    path = layout.segment_files("spans")[-1]
    segments.write(path, pq.read_table(path).replace_schema_metadata(None))
    assert segments.footer(path).dialects is None
    assert publisher(layout).shelf.dialects() == {"semconv"}


def test_what_a_killed_writer_left_is_in_the_views_of_the_first_question(layout: Layout) -> None:
    Store.open(layout.root, QUIET).close()
    abandon(journal(layout, "spans", MODEL))
    assert Ledger(layout.root).sql("SELECT model FROM llm_calls").fetchall() == [("m",)]


def test_rebuild_and_snapshot_find_the_dialects_again(layout: Layout, tmp_path: Path) -> None:
    abandon(journal(layout, "spans", MODEL))
    assert publisher(layout).publish([], 1).done
    upkeep.rebuild(layout, lambda _done, _total: None)
    assert (spoken(layout), models(layout)) == ("semconv", ["m"])
    upkeep.snapshot(layout, tmp_path / "copy.duckdb")
    assert ask(tmp_path / "copy.duckdb", "SELECT model FROM llm_calls") == [("m",)]


def test_what_few_ledgers_need_is_in_the_views_once_it_was_published(layout: Layout) -> None:
    asked = '[{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"look"}]}]'
    with_tools = call(3, "mine", gen_ai__operation__name="chat", gen_ai__output__messages=asked)
    store = Store.open(layout.root, QUIET)
    write(store, "spans", MODEL)
    assert store.publish(5)
    assert spoken(layout) == "semconv"
    write(store, "spans", with_tools)
    assert store.publish(5)
    assert spoken(layout) == "asked_calls,semconv"
    assert ask(layout.ledger, "SELECT tool FROM tool_calls") == [("look",)]
    store.close()
