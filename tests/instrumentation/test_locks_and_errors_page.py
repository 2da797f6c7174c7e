"""The examples of docs/locks-and-errors.md run, and tell what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger.instrumentors.thread_locks import ThreadingInstrumentor

from .conftest import Told

PAGE = Path(__file__).parents[2] / "docs" / "locks-and-errors.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    ThreadingInstrumentor().uninstrument()


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(told: Told, number: int) -> None:
    exec(compile(EXAMPLES[number], PAGE.name, "exec"), {"__name__": "example"})


def test_each_event_of_a_lock_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for event in ("requested", "acquired", "released", "timed_out", "cancelled"):
        assert f"`spanledger.lock.{event}`" in text
