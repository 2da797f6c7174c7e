"""What blocks and commands cost is told, and what grows in memory."""

import json
import sys
import tracemalloc

import pytest

import spanledger
from spanledger import attributes as a

from .conftest import Told


class Grown:
    """Something to have many of."""


def test_a_block_tells_its_time_and_memory(told: Told) -> None:
    with spanledger.measured("sums"):
        sum(range(300_000))
    (event,) = told.events()
    assert event[a.MEASURE_NAME] == "sums"
    for key in (a.MEASURE_DURATION, a.MEASURE_CPU_USER, a.MEASURE_RSS_PEAK):
        value = event[key]
        assert isinstance(value, int | float)
        assert value > 0


def test_a_command_tells_what_it_cost_and_how_it_ended(told: Told) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    cost = spanledger.run_measured([sys.executable, "-c", code], name="script")
    assert (cost.exit_code, cost.stdout, cost.stderr) == (3, b"out\n", b"err\n")
    assert cost.cpu_user_s + cost.cpu_system_s > 0
    (event,) = told.events()
    assert (event[a.MEASURE_NAME], event[a.PROCESS_EXIT_CODE]) == ("script", 3)


def test_a_command_that_takes_too_long_is_killed(told: Told) -> None:
    cost = spanledger.run_measured(["sleep", "30"], timeout=0.05)
    assert cost.exit_code == -9
    assert told.events()[0][a.PROCESS_EXIT_CODE] == -9


def test_secrets_in_a_command_are_masked(told: Told) -> None:
    spanledger.run_measured(["true", "--password", "hunter2hunter2"])
    assert told.events()[0][a.PROCESS_COMMAND] == "true --password [redacted:option]"


def test_a_command_that_is_not_there_is_the_callers_error(told: Told) -> None:
    with pytest.raises(FileNotFoundError):
        spanledger.run_measured(["/no/such/program"])
    assert told.events() == []


def test_growth_is_told_by_line_and_by_type(told: Told) -> None:
    with spanledger.watch_memory(60, top=50):
        kept = [Grown() for _ in range(5000)]
    assert len(kept) == 5000
    assert not tracemalloc.is_tracing()
    (event,) = told.events()
    lines = json.loads(str(event[a.MEMORY_GROWTH_BY_FILE]))
    assert any("test_memory.py" in line["at"] and line["bytes"] > 100_000 for line in lines)
    types = {t["type"]: t["objects"] for t in json.loads(str(event[a.MEMORY_GROWTH_BY_TYPE]))}
    assert types[f"{__name__}.Grown"] >= 5000
