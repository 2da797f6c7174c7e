"""Learn from recorded runs of seven emitters: a file's name is misspelt, then given right.

They were recorded in the wild of frameworks, against a model that said what it was told to say, so
that what is to be learnt from each is known.
"""

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from spanledger_exporters.tuning.exporting import export
from spanledger_exporters.tuning.options import Format, Options

from .recorded import Copied, copied, stored

DATA = Path(__file__).parent / "data"
RUNS = [
    "adk",
    "genai_langchain",
    "langchain",
    "openai_agents",
    "opencode",
    "pydantic_ai",
    "strands",
]
SYSTEM = {"openai_agents": "", "opencode": "You are opencode, "}
"""How the system prompt begins; one of them never told it."""


@functools.cache
def recording(name: str) -> str:
    """The requests of a run, in OTLP/JSON.

    All were asked the same, some in a session of the same name: both are told apart, for what was
    said before is not said again.
    """
    text = gzip.decompress((DATA / f"{name}.jsonl.gz").read_bytes()).decode()
    text = text.replace("demo-session-1", f"run-{name}")
    return text.replace("Do the demo job", f"Do the demo job of {name}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """All runs in one ledger, each a session of its own."""
    folder = tmp_path_factory.mktemp("runs")
    paths = []
    for name in RUNS:
        paths.append(folder / f"{name}.jsonl")
        paths[-1].write_text(recording(name), encoding="utf-8")
    return copied(folder, stored(folder, paths))


def rows(runs: Copied, form: Format, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of each run."""
    out = folder / form.value / "rows.jsonl"
    export(runs, Options(form, out), lambda _done, _all: None)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    for line in out.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        trace = row["provenance"]["trace_id"]
        found[next(name for name in RUNS if trace in recording(name))].append(row)
    return found


def path_asked(message: dict[str, Any]) -> str:
    (call,) = message["tool_calls"]
    given = json.loads(call["function"]["arguments"])
    return str(given.get("path") or given.get("filePath")).rpartition("/")[2]


def test_the_one_pair_of_each_run_is_the_right_one(runs: Copied, tmp_path: Path) -> None:
    for name, found in rows(runs, Format.TRL_DPO, tmp_path).items():
        (row,) = found
        assert path_asked(row["chosen"][0]) == "inventory.txt", name
        assert path_asked(row["rejected"][0]) == "inventry.txt", name
        assert row["provenance"]["reason"] == "failed, then succeeded", name
        # What was known before the failure, and nothing of what came after it.
        roles = [message["role"] for message in row["prompt"] if message["role"] != "system"]
        assert roles == ["user", "assistant", "tool"], name
        assert "misspelt" not in json.dumps(row), name
        assert "inventory.txt" not in json.dumps(row["prompt"]), name


def test_the_failed_call_is_neither_good_nor_bad_and_the_others_are_good(
    runs: Copied, tmp_path: Path
) -> None:
    for name, found in rows(runs, Format.TRL_KTO, tmp_path).items():
        assert {row["label"] for row in found} == {True}, name
        asked = [row["completion"][0] for row in found if row["completion"][0].get("tool_calls")]
        assert len(asked) == 7, name
        assert "inventry.txt" not in json.dumps(asked), name


def test_a_run_is_one_whole_conversation_with_system_prompt_and_tools(
    runs: Copied, tmp_path: Path
) -> None:
    for name, found in rows(runs, Format.TRL_SFT, tmp_path).items():
        row = max(found, key=lambda row: len(row["messages"]))
        messages = row["messages"]
        begin = SYSTEM.get(name, "You are a careful demo agent.")
        assert messages[0]["role"] == ("system" if begin else "user"), name
        assert str(messages[0]["content"]).startswith(begin), name
        used = {c["function"]["name"] for m in messages for c in m.get("tool_calls", ())}
        assert used <= {tool["function"]["name"] for tool in row["tools"]}, name
        told = [json.dumps(m) for m in messages if m["role"] == "assistant"]
        assert len(told) == len(set(told)) >= 8, name
        asked = [call["id"] for m in messages for call in m.get("tool_calls", ())]
        answered = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
        assert set(answered) <= set(asked), name
        assert len(asked) - len(answered) <= 1, name


def test_a_plan_keeps_its_steps_and_what_was_asked(runs: Copied, tmp_path: Path) -> None:
    for name, (row,) in rows(runs, Format.PLAN, tmp_path).items():
        assert f"Do the demo job of {name} in this folder" in row["request"], name
        assert [step["status"] for step in row["steps"]] == ["done"] * 3, name
        assert row["outcome"] == "completed", name


def test_in_a_trajectory_every_observation_is_of_a_call_of_its_step(
    runs: Copied, tmp_path: Path
) -> None:
    out = tmp_path / "a.jsonl"
    export(runs, Options(Format.ATIF, out), lambda _done, _all: None)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(RUNS)
    for line in lines:
        for step in json.loads(line)["steps"]:
            asked = [call["tool_call_id"] for call in step.get("tool_calls", ())]
            results = step.get("observation", {"results": []})["results"]
            assert [result["source_call_id"] for result in results] in (asked, []), step
