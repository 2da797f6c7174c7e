"""Parameters of Jaeger's HTTP dialects, as its page, Grafana and people write them."""

import pytest
from starlette.datastructures import QueryParams

from spanledger_exporters.errors import BadRequestError
from spanledger_exporters.viewing.jaeger_params import trace_id, v1_search, v3_search
from spanledger_exporters.viewing.jaeger_search import Search

TIMES = "query.startTimeMin=2026-11-21T10:00:00Z&query.startTimeMax=2026-11-21T11:00:00.123456789Z"
TEN_NS = 1_795_255_200_000_000_000


def test_v1_has_microseconds_and_durations_as_go_writes_them() -> None:
    query = QueryParams(
        "service=a&operation=b&start=5&end=7&minDuration=1.5ms&maxDuration=1m2.5s&limit=3"
        '&tag=k:v:w&tags={"x":"1"}'
    )
    assert v1_search(query) == Search(
        "a", "b", (("k", "v:w"), ("x", "1")), 5_000, 7_000, 1_500_000, 62_500_000_000, 3
    )


def test_v1_without_anything_is_everything() -> None:
    assert v1_search(QueryParams("")) == Search()


@pytest.mark.parametrize("style", ["camel", "snake"])
def test_v3_has_rfc_3339_times_in_both_spellings(style: str) -> None:
    text = (
        f"query.serviceName=a&query.operationName=b&{TIMES}&query.searchDepth=7"
        '&query.durationMin=10us&query.durationMax=1h&query.attributes={"k":"v"}'
    )
    if style == "snake":
        for camel, snake in (
            ("serviceName", "service_name"),
            ("operationName", "operation_name"),
            ("startTimeM", "start_time_m"),
            ("searchDepth", "num_traces"),
            ("durationM", "duration_m"),
        ):
            text = text.replace(camel, snake)
    hour_ns = 3_600_000_000_000
    assert v3_search(QueryParams(text)) == Search(
        "a", "b", (("k", "v"),), TEN_NS, TEN_NS + hour_ns + 123_456_789, 10_000, hour_ns, 7
    )


def test_a_zone_whose_plus_was_not_escaped_is_understood() -> None:
    query = f"query.startTimeMin=2026-11-21T12:00:00+02:00&{TIMES.partition('&')[2]}"
    assert v3_search(QueryParams(query)).start_min_ns == TEN_NS


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("start=yesterday", "start"),
        ("minDuration=5", "minDuration"),
        ("minDuration=5 ms", "minDuration"),
        ("maxDuration=-5ms", "maxDuration"),
        ("minDuration=2s&maxDuration=1s", "maxDuration"),
        ("limit=many", "limit"),
        ("tag=novalue", "tag"),
        ("tags=[1]", "tags"),
        ('tags={"k":1}', "tags"),
        ("tags={", "tags"),
    ],
)
def test_a_wrong_parameter_of_v1_is_named(text: str, named: str) -> None:
    with pytest.raises(BadRequestError, match=named):
        v1_search(QueryParams(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        TIMES.partition("&")[0],
        TIMES.replace("T10", "T12"),
        TIMES.replace("2026-11-21T10", "2026-99-21T10"),
        TIMES.replace("2026-11-21T10:00:00Z", "now"),
    ],
)
def test_v3_needs_two_times_in_order(text: str) -> None:
    with pytest.raises(BadRequestError, match=r"query\.startTime"):
        v3_search(QueryParams(text))


def test_trace_ids_are_hex_of_any_length_or_base64() -> None:
    whole = "0123456789abcdef0123456789abcdef"
    assert trace_id(whole.upper()) == whole
    assert trace_id("abc") == "abc".zfill(32)
    assert trace_id("ASNFZ4mrze8BI0VniavN7w==") == whole
    assert trace_id("ASNFZ4mrze8BI0VniavN7w") == whole
    assert trace_id("_-__________________Aw") == "ffefffffffffffffffffffffffffff" + "03"
    for wrong in ("", "xyz", "0" * 33, "../../etc"):
        with pytest.raises(BadRequestError, match="is not a trace id"):
            trace_id(wrong)
