"""A search for attributes finds what a plain look at every span finds, in the same order."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.promoted import PLAN_DOCUMENT, PLAN_RESULT, PROMOTED
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.storing.store import Store, StoreOptions
from spanledger_exporters.viewing.deadline import Deadline
from spanledger_exporters.viewing.jaeger_search import Search
from spanledger_exporters.viewing.trace_reader import TraceReader

from .parts import MS, START_NS, Value, attributes, fill, request, span

SEGMENTS = 4
SECOND, THIRD = START_NS + 60 * MS, START_NS + 170 * MS


def payload(part: int, random_: random.Random) -> bytes:
    """Spans of traces that go on in later parts, at times that overlap with those of others."""
    spans = [
        span(
            random_.randrange(1, 30),
            part * 100 + number,
            at_ms=part * 50 + random_.randrange(100),
            attributes=attributes(
                {"part": part, "tenth": number % 10, "odd": bool(number % 2), "own": f"{number}"}
            ),
        )
        for number in range(40)
    ]
    service = ("shop", "db")[part % 2]
    return request(*spans, service=service, resource={"host": f"h-{part}"})


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Segments, of which the last repeats another's spans, and a tail in the journal."""
    data = tmp_path_factory.mktemp("mixed")
    random_ = random.Random(1)  # the same spans each time
    store = Store.open(data, StoreOptions(durability="write"))
    made = [payload(part, random_) for part in range(SEGMENTS)]
    again = ExportTraceServiceRequest.FromString(made[2])
    again.resource_spans[0].scope_spans[0].spans.reverse()
    for part in (*made, again.SerializeToString()):
        store.intake.submit("spans", part).result()
        assert store.publish(wait_s=10)
    store.intake.submit("spans", payload(SEGMENTS, random_)).result()
    yield data
    store.close()


def plainly(data: Path, condition: str, limit: int) -> list[str]:
    found = Ledger(data).sql(
        f"SELECT trace_id FROM spans WHERE {condition} GROUP BY trace_id"
        f" ORDER BY max(start_ns) DESC, trace_id LIMIT {limit}"
    )
    return [trace for (trace,) in found.fetchall()]


TENTH = "attributes['tenth']"
OWN = "attributes['own']"
HOST = "resource['host']"


@pytest.mark.parametrize(
    ("search", "condition"),
    [
        (Search(attributes=(("tenth", "3"),)), f"{TENTH} = '3'"),
        (Search(attributes=(("odd", True),)), "attributes['odd'] = 'true'"),
        (Search(attributes=(("host", "h-2"), ("tenth", 7.0))), f"{HOST} = 'h-2' AND {TENTH} = '7'"),
        (Search(attributes=(("host", f"h-{SEGMENTS}"),)), f"{HOST} = 'h-{SEGMENTS}'"),
        (Search(attributes=(("tenth", "11"),)), "false"),
        (
            Search(service="db", attributes=(("own", "39"),)),
            f"{OWN} = '39' AND service_name = 'db'",
        ),
        (Search(attributes=(("error", "true"),)), "status_code = 2"),
        (Search(attributes=(("error", "false"), ("own", "4"))), f"{OWN} = '4'"),
        (
            Search(attributes=(("odd", True),), start_min_ns=SECOND, start_max_ns=THIRD),
            f"attributes['odd'] = 'true' AND start_ns BETWEEN {SECOND} AND {THIRD}",
        ),
    ],
)
def test_it_finds_what_looking_at_every_span_finds(
    mixed: Path, search: Search, condition: str
) -> None:
    reader = TraceReader(mixed)
    for limit in (1, 3, 1000):
        found = reader.find(replace(search, limit=limit), Deadline(60))
        assert found == plainly(mixed, condition, limit)


def test_a_promoted_column_has_what_its_first_alias_says(tmp_path: Path) -> None:
    # A search for the attribute looks into the column first and would miss what it lacks.
    columns = [
        c
        for c in PROMOTED
        if c.aliases and c.type == "VARCHAR" and c.name not in {PLAN_DOCUMENT, PLAN_RESULT}
    ]
    assert {c.aliases[0] for c in columns} >= {"gen_ai.tool.name", "session.id"}
    every: dict[str, Value] = {c.aliases[-1]: "later" for c in columns}
    every |= {c.aliases[0]: "first" for c in columns}
    numbers: dict[str, Value] = {c.aliases[0]: 5 for c in columns}
    spans = [span(n, attributes=attributes(v)) for n, v in enumerate((every, numbers), 1)]
    # Few spans are decoded by plain Python, many by Arrow: both must do as said.
    many = (span(100 + n, attributes=attributes(every)) for n in range(100))
    fill(tmp_path, [request(*spans), request(*many)])
    differences = " OR ".join(
        f"attributes['{c.aliases[0]}'] IS DISTINCT FROM {c.name}" for c in columns
    )
    wrong = Ledger(tmp_path).sql(f"SELECT count(*) FROM spans WHERE {differences}")
    assert wrong.fetchall() == [(0,)]


def test_what_takes_too_long_is_ended_between_row_groups(mixed: Path) -> None:
    search = Search(attributes=(("tenth", "11"),))
    with pytest.raises(TimeoutError, match="narrow the search"):
        TraceReader(mixed).find(search, Deadline(0))
