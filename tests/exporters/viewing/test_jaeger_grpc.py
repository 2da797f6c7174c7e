"""Jaeger's remote storage over the ledger, asked by a real client over loopback."""

import time
from pathlib import Path
from typing import Any

import duckdb
import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanledger_exporters.errors import UsageError
from spanledger_exporters.viewing import jaeger_proto as proto
from spanledger_exporters.viewing.jaeger_grpc import serve_jaeger
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import (
    FOUR,
    MS,
    START_NS,
    Client,
    asked,
    attributes,
    fill,
    jaeger_query,
    request,
    span,
    spans_of,
    trace_id,
)

MIB = 1 << 20
TYPED = [asked(key, value) for key, value in FOUR.items()]
AS_TEXT = [
    asked(key, text)
    for key, text in {"who": "ann", "times": "123", "ratio": "72.5", "cached": "true"}.items()
]


def wanted(*numbers: int) -> list[dict[str, bytes]]:
    return [{"trace_id": bytes.fromhex(trace_id(number))} for number in numbers]


def at(ms: float) -> dict[str, int]:
    """A Timestamp, milliseconds after START_NS."""
    seconds, nanos = divmod(START_NS + int(ms * MS), 1_000_000_000)
    return {"seconds": seconds, "nanos": nanos}


def test_services_and_operations_are_listed(jaeger: Client) -> None:
    services = jaeger.ask("TraceReader", "GetServices").services
    assert list(services) == ["OTLPResourceNoServiceName", "db", "shop"]
    found = jaeger.ask("TraceReader", "GetOperations", service="shop").operations
    pairs = {(operation.name, operation.span_kind) for operation in found}
    assert {("GET /cart", "server"), ("query", "client"), ("work", "")} <= pairs
    only = jaeger.ask("TraceReader", "GetOperations", service="shop", span_kind="client").operations
    assert [operation.name for operation in only] == ["query"]
    nobody = jaeger.ask("TraceReader", "GetOperations", service="shop", span_kind="juggler")
    assert list(nobody.operations) == []


def test_a_service_without_a_name_can_be_searched(jaeger: Client) -> None:
    assert jaeger.find(service_name="OTLPResourceNoServiceName") == [9]


def test_zero_times_of_the_year_1_are_no_limits(jaeger: Client) -> None:
    assert jaeger.find(service_name="db") == [1]
    # The helper sends them; this proves it.
    sent = proto.new("TraceQueryParameters", **jaeger_query())
    assert sent.start_time_min.ToDatetime().year == 1


def test_newest_traces_come_first_and_no_more_than_asked_for(jaeger: Client) -> None:
    assert jaeger.find(service_name="shop", search_depth=3) == [11, 10, 8]
    assert jaeger.find(search_depth=2) == [11, 10]
    assert len(jaeger.find(search_depth=0)) == 11


@pytest.mark.parametrize("values", [TYPED, AS_TEXT], ids=["typed", "as text"])
def test_attributes_are_found_in_every_place_on_one_span(jaeger: Client, values: list[Any]) -> None:
    # 7 has them all, but on two spans.
    assert jaeger.find(service_name="shop", attributes=values) == [6, 5, 4, 3, 2, 1]


def test_attributes_that_are_fields_of_otlp_are_found_too(jaeger: Client) -> None:
    for key, value, found in (
        ("error", "true", [1]),
        ("span.kind", "client", [1]),
        ("span.kind", "nonsense", []),
        ("otel.status_code", "ERROR", [1]),
        ("otel.status_description", "no such table", [1]),
        ("otel.scope.name", "other", []),
    ):
        assert jaeger.find(attributes=[asked(key, value)]) == found, key
    assert len(jaeger.find(attributes=[asked("otel.scope.version", "1.2")])) == 11
    assert 1 in jaeger.find(attributes=[asked("error", "false")], service_name="shop")


def test_an_attribute_that_nobody_has_finds_nothing(jaeger: Client) -> None:
    assert jaeger.find(attributes=[asked("who", "bob")]) == []
    assert jaeger.find(attributes=[asked("no'such\"key", "ann")]) == []


def test_operation_time_and_duration_narrow_a_search(jaeger: Client) -> None:
    assert jaeger.find(operation_name="second") == [8]
    assert jaeger.find(start_time_min=at(2000), start_time_max=at(4000)) == [5, 4, 3]
    assert jaeger.find(duration_min={"seconds": 3}) == [11]
    assert jaeger.find(duration_min={"nanos": 20 * MS}, duration_max={"seconds": 1}) == [1]


def test_a_trace_comes_whole_whatever_matched(jaeger: Client) -> None:
    query = jaeger_query(service_name="db", operation_name="SELECT")
    assert {s.name for s in spans_of(jaeger.stream("FindTraces", query=query))} == {
        "GET /cart",
        "query",
        "SELECT",
        "lost",
    }


def test_unknown_ids_are_passed_over_and_nothing_found_is_no_error(jaeger: Client) -> None:
    found = spans_of(jaeger.stream("GetTraces", query=wanted(404, 2, 405, 3)))
    assert [int.from_bytes(s.trace_id) for s in found] == [2, 3]
    assert jaeger.stream("GetTraces", query=wanted(404)) == []
    assert jaeger.stream("GetTraces") == []
    assert jaeger.stream("FindTraces", query=jaeger_query(service_name="nobody")) == []
    assert jaeger.stream("FindTraceSummaries", query=jaeger_query(service_name="nobody")) == []


def test_a_large_trace_comes_in_consecutive_chunks_below_a_mebibyte(jaeger: Client) -> None:
    messages = jaeger.stream("GetTraces", query=wanted(9, 10, 11))
    traces = [{s.trace_id for s in spans_of([message])} for message in messages]
    assert all(len(ids) == 1 for ids in traces)
    numbers = [int.from_bytes(next(iter(ids))) for ids in traces]
    assert numbers == sorted(numbers)
    large = [message for message in messages if len(message) > MIB]
    # One span alone is larger, and it comes alone.
    assert [len(spans_of([message])) for message in large] == [1]
    assert numbers.count(10) == 3
    assert len(spans_of(messages)) == 1 + 900 + 1
    assert all(TracesData.FromString(message).resource_spans for message in messages)


def test_spans_that_share_an_id_are_all_returned_but_a_copy_is_not(jaeger: Client) -> None:
    names = [s.name for s in spans_of(jaeger.stream("GetTraces", query=wanted(8)))]
    assert names == ["first", "second"]


def test_summaries_count_all_spans_of_a_trace(jaeger: Client) -> None:
    query = jaeger_query(service_name="db")
    (message,) = jaeger.stream("FindTraceSummaries", query=query)
    (found,) = proto.parse("FindTraceSummariesResponse", message).summaries
    assert found.trace_id.hex() == trace_id(1)
    assert (found.root_service_name, found.root_operation_name) == ("shop", "GET /cart")
    assert (found.span_count, found.error_span_count, found.orphan_span_count) == (4, 1, 1)
    assert found.min_start_time_unix_nano == START_NS
    assert found.max_end_time_unix_nano == START_NS + 50 * MS
    services = [(each.name, each.span_count, each.error_span_count) for each in found.services]
    assert services == [("db", 2, 1), ("shop", 2, 0)]


def test_dependencies_are_calls_between_services(jaeger: Client) -> None:
    found = jaeger.ask("DependencyReader", "GetDependencies").dependencies
    assert [(each.parent, each.child, each.call_count) for each in found] == [("shop", "db", 1)]
    later = jaeger.ask("DependencyReader", "GetDependencies", start_time=at(1000))
    assert list(later.dependencies) == []


def test_what_it_can_search_is_told(jaeger: Client) -> None:
    search = jaeger.ask("Capabilities", "GetCapabilities").search
    assert (search.without_service_name, search.same_span_conjunction) == (True, True)
    assert not search.HasField("filter")


def test_a_question_past_its_deadline_is_given_up(reader: TraceReader) -> None:
    server = serve_jaeger(reader, "127.0.0.1", 0, limit_s=0.0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        for call in ("GetServices", "FindTraces"):
            with pytest.raises(grpc.RpcError) as caught:
                ask_any(Client(channel), call)
            assert code(caught.value) == grpc.StatusCode.DEADLINE_EXCEEDED
            assert "narrow the search" in str(caught.value)
    server.stop()


def ask_any(client: Client, call: str) -> None:
    if call == "GetServices":
        client.ask("TraceReader", call)
    else:
        client.stream(call, query=jaeger_query())


def code(error: BaseException) -> object:
    told: Any = error
    return told.code()


def test_a_client_that_reads_nothing_keeps_nobody_from_publishing(
    jaeger: Client, data: Path
) -> None:
    method: Any = jaeger.channel.unary_stream(f"/{proto.PACKAGE}.TraceReader/GetTraces")
    unread = method(proto.new("GetTracesRequest", query=wanted(10)).SerializeToString())
    next(unread)
    with duckdb.connect(str(data / "ledger.duckdb")) as writing:
        assert writing.execute("SELECT count(*) FROM ledger_facts").fetchone()
    unread.cancel()


def test_what_is_no_request_is_an_invalid_argument(jaeger: Client) -> None:
    method: Any = jaeger.channel.unary_unary(f"/{proto.PACKAGE}.TraceReader/GetOperations")
    with pytest.raises(grpc.RpcError) as caught:
        method(b"\xff\xff\xff", timeout=60)
    assert code(caught.value) == grpc.StatusCode.INVALID_ARGUMENT


def test_a_ledger_that_another_program_holds_is_unavailable(tmp_path: Path) -> None:
    reader = TraceReader(fill(tmp_path, [request(span(1))]))
    server = serve_jaeger(reader, "127.0.0.1", 0, limit_s=60)
    (tmp_path / "ledger.duckdb").write_bytes(b"not a database at all" * 1000)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        with pytest.raises(grpc.RpcError) as caught:
            Client(channel).ask("TraceReader", "GetServices")
        assert code(caught.value) == grpc.StatusCode.UNAVAILABLE
    server.stop()


def test_a_taken_port_is_named(reader: TraceReader) -> None:
    server = serve_jaeger(reader, "127.0.0.1", 0)
    with pytest.raises(UsageError, match=f"{server.port} is in use"):
        serve_jaeger(reader, "127.0.0.1", server.port)
    server.stop()


@pytest.mark.alone
def test_a_trace_of_ten_thousand_spans_comes_soon(tmp_path: Path) -> None:
    batches = (
        request(*(span(1, batch * 500 + i, attributes=attributes(FOUR)) for i in range(1, 501)))
        for batch in range(20)
    )
    server = serve_jaeger(TraceReader(fill(tmp_path, batches)), "127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        client = Client(channel)
        client.stream("GetTraces", query=wanted(1))
        start = time.perf_counter()
        messages = client.stream("GetTraces", query=wanted(1))
        took_s = time.perf_counter() - start
        assert len(spans_of(messages)) == 10_000
        # tests/benchmarks/viewing.py measures; here other programs may have the machine.
        assert took_s < 5.0
    server.stop()
