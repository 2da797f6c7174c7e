"""What calls cost by list price is in the ledger, and is what genai-prices says."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from genai_prices import Usage, calc_price
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.importing import import_files
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.reading.sqlfiles import queries_dir
from spanledger_exporters.storing import prices, segments, upkeep
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.merge import Merging
from spanledger_exporters.storing.segments import MERGED
from spanledger_exporters.storing.store import Store

from .parts import QUIET, START_NS, abandon, ask, journal, publisher

CAPTURE = Path(__file__).parents[4] / "shared" / "captures" / "google-adk"
COSTS = "SELECT model, cost_source, cost_usd FROM llm_calls ORDER BY span_id"
SONNET = ("anthropic", "claude-sonnet-4-5")


def call(number: int, provider: str, model: str, **extra: float) -> bytes:
    request = ExportTraceServiceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(
            name="chat",
            trace_id=bytes([number]) * 16,
            span_id=number.to_bytes(8, "big"),
            start_time_unix_nano=START_NS,
            end_time_unix_nano=START_NS + 1000,
        )
    )
    texts = {"operation.name": "chat", "provider.name": provider, "request.model": model}
    for key, text in texts.items():
        if text:
            span.attributes.add(key=f"gen_ai.{key}").value.string_value = text
    tokens = {"input_tokens": 1000, "output_tokens": 100, "cache_read.input_tokens": 400}
    for key, count in tokens.items():
        span.attributes.add(key=f"gen_ai.usage.{key}").value.int_value = count
    for key, value in extra.items():
        span.attributes.add(key=key.replace("__", ".")).value.double_value = value
    return request.SerializeToString()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def fill(layout: Layout, *requests: bytes) -> None:
    abandon(journal(layout, "spans", *requests))
    assert publisher(layout).publish([], 1).done


def test_a_call_that_tells_no_cost_gets_the_list_price(layout: Layout) -> None:
    fill(layout, call(1, *SONNET), call(2, "", SONNET[1]), call(3, "openai", "m"))
    cost = (600 * 3 + 400 * 0.3 + 100 * 15) / 1e6
    assert ask(layout.ledger, COSTS) == [
        (SONNET[1], "computed", pytest.approx(cost)),
        (SONNET[1], "computed", pytest.approx(cost)),
        ("m", None, None),
    ]
    assert ask(layout.ledger, "SELECT sum(cost_usd) FROM sessions") == [(pytest.approx(2 * cost),)]


def test_a_reported_cost_wins_and_the_computed_one_stays_beside(layout: Layout) -> None:
    fill(layout, call(1, *SONNET, operation__cost=0.5))
    ((source, cost, reported, computed, version),) = ask(
        layout.ledger,
        "SELECT cost_source, cost_usd, reported_cost_usd, computed_cost_usd, price_version"
        " FROM llm_calls",
    )
    assert (source, cost, reported) == ("reported", 0.5, 0.5)
    assert computed == pytest.approx(0.00342)
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", str(version))


def test_prices_follow_segments_through_merge_rebuild_and_snapshot(
    layout: Layout, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        abandon(journal(layout, "spans", call(number, *SONNET)))
        assert publisher(layout, merging=Merging(many=2)).publish([], 1).done
    (merged,) = (path for path in layout.segment_files("spans") if MERGED in path.name)
    assert segments.footer(merged).models == frozenset({SONNET})
    before = ask(layout.ledger, COSTS)
    assert before[0][1] == "computed"
    upkeep.rebuild(layout, lambda _done, _total: None)
    assert ask(layout.ledger, COSTS) == before
    upkeep.snapshot(layout, tmp_path / "copy.duckdb")
    assert ask(tmp_path / "copy.duckdb", COSTS) == before


def test_a_segment_without_a_list_of_models_is_looked_through(layout: Layout) -> None:
    fill(layout, call(1, *SONNET))
    path = layout.segment_files("spans")[-1]
    segments.write(path, pq.read_table(path).replace_schema_metadata(None))
    assert segments.footer(path).models is None
    assert publisher(layout).shelf.models() == {SONNET}


def test_a_new_model_is_priced_by_the_publish_that_brings_it(layout: Layout) -> None:
    fill(layout, call(1, *SONNET))
    fill(layout, call(2, "openai", "gpt-4o"))
    assert [source for _, source, _ in ask(layout.ledger, COSTS)] == ["computed", "computed"]


def test_what_a_killed_writer_left_is_priced_by_the_first_question(layout: Layout) -> None:
    fill(layout, call(1, *SONNET))
    abandon(journal(layout, "spans", call(2, "openai", "gpt-4o")))
    assert len(Ledger(layout.root).sql("FROM llm_calls WHERE cost_usd > 0").fetchall()) == 2


def test_names_made_up_for_each_call_do_not_pile_up(layout: Layout) -> None:
    fill(layout, *(call(number, "openai", f"gpt-4o-{number}") for number in range(1, 250)))
    assert len(publisher(layout).shelf.models()) == 200
    assert prices.from_text(b"[1") is None
    assert prices.limited([("", "m" * 1000), ("o'", "m'")]) == {("o'", "m'")}


@pytest.mark.skipif(not CAPTURE.is_dir(), reason="the captures are not beside this checkout")
def test_the_calls_of_a_real_client_cost_what_genai_prices_says(layout: Layout) -> None:
    store = Store.open(layout.root, QUIET)
    import_files(store.intake, sorted(CAPTURE.glob("default.*.otlp.jsonl")))
    assert store.publish(5)
    store.close()
    usage = Usage(
        input_tokens=2565, cache_read_tokens=576, output_tokens=441, output_reasoning_tokens=27
    )
    wanted = calc_price(usage, "gemini-2.5-flash", provider_id="google").total_price
    ((model, source, cost),) = ask(
        layout.ledger, "SELECT model, cost_source, sum(cost_usd) FROM llm_calls GROUP BY ALL"
    )
    assert (model, source, cost) == ("gemini-2.5-flash", "computed", pytest.approx(float(wanted)))


def test_what_emitters_say_stays_text() -> None:
    text = prices.statement(frozenset({("anthropic', 1); DROP", "claude-sonnet-4-5' --")})).text
    assert "'claude-sonnet-4-5'' --'" in text


def test_providers_that_dialects_put_in_are_known() -> None:
    texts = [file.read_text() for file in Path(str(queries_dir() / "dialects")).glob("*.sql")]
    given = {name for text in texts for name in re.findall(r"'([^']+)'\)? AS provider", text)}
    assert given <= prices.GIVEN_BY_DIALECTS
