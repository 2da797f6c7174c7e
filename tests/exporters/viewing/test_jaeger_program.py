"""The real Jaeger, run with collector-config/jaeger.yaml over the ledger, shows what we do.

Skipped where `.ci/jaeger` has not built it.
"""

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from spanledger_exporters.demo import run_agent
from spanledger_exporters.serving import collector
from spanledger_exporters.settings import load

from .jaeger import built, jaeger_over
from .parts import FOUR, START_NS, a_ledger, fetch, fill, trace_id


@dataclass(frozen=True)
class Pair:
    """Jaeger's HTTP API and ours, over one ledger; where OTLP is taken."""

    jaeger: str
    ours: str
    otlp: str

    def both(self, path: str, **query: str) -> tuple[Any, Any]:
        answers = [fetch(f"{at}{path}?{urlencode(query)}") for at in (self.jaeger, self.ours)]
        assert answers[0][0] == answers[1][0]
        theirs, ours = (json.loads(body) for _, body in answers)
        return theirs, ours


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pair]:
    built("jaeger", "jaeger")
    data = fill(tmp_path_factory.mktemp("shown"), a_ledger())
    settings = load(data=data, grpc_port=0, http_port=0, ui_port=0, jaeger_port=0)
    with collector(settings) as running, jaeger_over(running, data / "jaeger.log") as jaeger:
        yield Pair(jaeger, running.ui, running.grpc)


def test_a_trace_that_was_sent_to_us_is_in_jaeger(pair: Pair) -> None:
    run_agent(pair.otlp, "seen-in-jaeger")
    tags = json.dumps({"session.id": "seen-in-jaeger"})
    theirs, ours = pair.both("/api/traces", service="spanledger-demo", tags=tags)
    names = [
        sorted(span["operationName"] for trace in answer["data"] for span in trace["spans"])
        for answer in (theirs, ours)
    ]
    assert names[0] == names[1]
    assert {"invoke_agent fixer", "step", "chat demo-model"} <= set(names[0])


def test_services_and_operations_are_jaegers(pair: Pair) -> None:
    for path in ("/api/services", "/api/v3/services"):
        theirs, ours = pair.both(path)
        assert theirs == ours
    theirs, ours = pair.both("/api/operations", service="shop")
    assert theirs == ours
    # Its page needs a kind for each, which later versions of Jaeger fill in, too.
    theirs, ours = pair.both("/api/v3/operations", service="shop")
    filled = {each["name"]: each.get("spanKind", "internal") for each in theirs["operations"]}
    assert filled == {each["name"]: each["spanKind"] for each in ours["operations"]}


def test_single_traces_are_jaegers_tag_by_tag(pair: Pair) -> None:
    for number in (1, 2, 5, 6, 8, 9, 10):
        theirs, ours = pair.both(f"/api/traces/{trace_id(number)}", raw="true")
        assert ordered(theirs) == ordered(ours)
        theirs, ours = pair.both(f"/api/v3/traces/{trace_id(number)}", raw_traces="true")
        assert spans_in(theirs) == spans_in(ours)
    assert pair.both("/api/traces/0404")[0]["errors"] == [{"code": 404, "msg": "trace not found"}]


def ordered(answer: Any) -> Any:
    """Which of several processes is p1 is the order in which Jaeger met them, and so is no fact."""
    for trace in answer["data"]:
        for span in trace["spans"]:
            span["process"] = trace["processes"][span.pop("processID")]
        trace["spans"].sort(key=place)
        del trace["processes"]
    return answer


def place(span: dict[str, Any]) -> tuple[int, str]:
    return span["startTime"], span["spanID"]


def spans_in(answer: Any) -> list[str]:
    return sorted(
        # Jaeger writes a status where none was sent.
        json.dumps(
            [resource.get("resource"), scope.get("scope"), {"status": {}, **span}], sort_keys=True
        )
        for resource in answer["result"]["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    )


def test_searches_find_what_jaeger_shows(pair: Pair) -> None:
    tags = json.dumps({key: str(value).lower() for key, value in FOUR.items()})
    hour_us = 3_600_000_000
    times = {"start": str(START_NS // 1000 - hour_us), "end": str(START_NS // 1000 + hour_us)}
    for query in (
        {"service": "shop", "tags": tags},
        {"service": "shop", "minDuration": "3s"},
        {"service": "db", "operation": "SELECT", "tags": json.dumps({"error": "true"})},
        {"service": "nobody"},
    ):
        theirs, ours = pair.both("/api/traces", **query, **times, limit="20")
        found = [{trace["traceID"] for trace in answer["data"]} for answer in (theirs, ours)]
        assert found[0] == found[1], query


def test_dependencies_are_jaegers(pair: Pair) -> None:
    end = str(START_NS // 1_000_000 + 60_000)
    theirs, ours = pair.both("/api/dependencies", endTs=end, lookback="3600000")
    assert theirs["data"] == ours["data"] == [{"parent": "shop", "child": "db", "callCount": 1}]


def test_jaeger_does_not_trace_itself_into_the_ledger(pair: Pair) -> None:
    assert "jaeger" not in pair.both("/api/services")[1]["data"]
