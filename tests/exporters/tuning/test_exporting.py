"""Hold whole exports to what the formats' readers ask for."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from spanledger_exporters.errors import UsageError
from spanledger_exporters.tuning.exporting import export
from spanledger_exporters.tuning.options import Format, Options, shares
from spanledger_exporters.tuning.report import Report

from .recorded import SECRET, Copied


def run(ledger: Copied, options: Options) -> tuple[Report, list[dict[str, Any]]]:
    report = export(ledger, options, lambda _done, _all: None)
    if options.dry_run or options.is_parquet:
        return report, []
    lines = options.out.read_text(encoding="utf-8").splitlines() if options.out.is_file() else []
    return report, [json.loads(line) for line in lines]


def follows_openai(messages: list[dict[str, Any]]) -> None:
    """OpenAI's chat format: calls are answered at once, by id, and the assistant ends."""
    waiting: list[str] = []
    for message in messages:
        assert set(message) <= {"role", "content", "tool_calls", "tool_call_id", "weight"}
        assert message.get("weight", 0) in {0, 1}
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert not waiting
        assert message["role"] in {"system", "user", "assistant"}
        assert isinstance(message["content"], str)
        for call in message.get("tool_calls", []):
            assert call["type"] == "function"
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
            waiting.append(call["id"])
    assert messages[-1]["role"] == "assistant"


def test_openai_rows_are_whole_conversations_with_their_tools(
    ledger: Copied, tmp_path: Path
) -> None:
    report, rows = run(ledger, Options(Format.OPENAI, tmp_path / "a.jsonl"))
    assert report.rows["train"] == len(rows) > 0
    for row in rows:
        assert set(row) == {"messages", "tools"}
        follows_openai(row["messages"])
        used = {c["function"]["name"] for m in row["messages"] for c in m.get("tool_calls", [])}
        assert used <= {tool["function"]["name"] for tool in row["tools"]}
    beside = (tmp_path / "a.provenance.jsonl").read_text().splitlines()
    assert json.loads(beside[0])["session_id"] == "demo-session-1"
    failed = [m for m in rows[0]["messages"] if m.get("weight") == 0]
    assert [m["content"] for m in failed] == ["Reading the file."]


def test_the_pair_is_the_misspelt_call_and_the_right_one(ledger: Copied, tmp_path: Path) -> None:
    _, rows = run(ledger, Options(Format.TRL_DPO, tmp_path / "a.jsonl"))
    first = rows[0]
    assert [m["role"] for m in first["prompt"]] == ["system", "user", "assistant", "tool"]
    sides = [first[side][0]["tool_calls"][0]["function"] for side in ("chosen", "rejected")]
    assert [json.loads(side["arguments"])["path"] for side in sides] == [
        "inventory.txt",
        "inventry.txt",
    ]
    assert first["provenance"]["reason"] == "failed, then succeeded"
    assert "misspelt" not in json.dumps(first)


def test_what_somebody_judged_bad_is_undesirable_and_never_imitated(
    ledger: Copied, tmp_path: Path
) -> None:
    _, rows = run(ledger, Options(Format.TRL_KTO, tmp_path / "a.jsonl"))
    labels = {(row["provenance"]["session_id"], row["label"]) for row in rows}
    assert {("demo-session-1", True), ("demo-session-3", False)} <= labels
    assert ("demo-session-3", True) not in labels
    _, rows = run(ledger, Options(Format.TRL_SFT, tmp_path / "b.jsonl"))
    assert "demo-session-3" not in {row["provenance"]["session_id"] for row in rows}


def test_an_answer_that_its_emitter_hid_is_in_no_row(ledger: Copied, tmp_path: Path) -> None:
    for form in Format:
        if form is not Format.PLAN:
            report, rows = run(ledger, Options(form, tmp_path / f"{form.value}.jsonl"))
            assert "[REDACTED]" not in json.dumps(rows), form
            assert report.refused["content that the emitter hid"] > 0


def test_secrets_are_masked_everywhere_and_counted(ledger: Copied, tmp_path: Path) -> None:
    plain, rows = run(ledger, Options(Format.ATIF, tmp_path / "plain.jsonl"))
    assert SECRET in json.dumps(rows)
    assert not plain.masked
    for form in Format:
        report, _ = run(ledger, Options(form, tmp_path / form.value / "a.jsonl", redact=True))
        for path in report.files:
            assert SECRET not in path.read_text(encoding="utf-8"), path
    report, _ = run(ledger, Options(Format.ATIF, tmp_path / "masked.jsonl", redact=True))
    assert report.masked["github-token"] > 0
    assert "github-token" in (tmp_path / "README.md").read_text()


def test_plans_have_request_goal_steps_and_outcome(ledger: Copied, tmp_path: Path) -> None:
    _, rows = run(ledger, Options(Format.PLAN, tmp_path / "a.jsonl"))
    row = rows[0]
    assert set(row) == {"request", "goal", "steps", "outcome", "provenance"}
    assert row["outcome"] == "completed"
    assert [step["status"] for step in row["steps"]] == ["done"] * 3


def test_a_split_never_parts_a_session_or_a_request_asked_twice(
    ledger: Copied, tmp_path: Path
) -> None:
    out = tmp_path / "a.jsonl"
    options = Options(Format.PROMPT_COMPLETION, out, shares=shares("0.5"), seed=3)
    report = export(ledger, options, lambda _done, _all: None)
    assert set(report.rows) == {"train", "test"}
    sides: dict[str, set[str]] = {}
    for name in report.rows:
        for line in (tmp_path / f"a-{name}.jsonl").read_text().splitlines():
            sides.setdefault(name, set()).add(json.loads(line)["provenance"]["session_id"])
    assert not set.intersection(*sides.values()) if len(sides) > 1 else True
    assert any({"demo-session-1", "demo-session-2"} <= side for side in sides.values()) or (
        "demo-session-2" not in set.union(*sides.values())
    )


def test_the_same_ledger_and_flags_give_the_same_bytes(ledger: Copied, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        options = Options(Format.TRL_SFT, tmp_path / name / "a.jsonl", shares=shares("90/10"))
        report = export(ledger, options, lambda _done, _all: None)
        written.append([path.read_bytes() for path in report.files])
    assert written[0] == written[1]


def test_parquet_has_the_same_rows(ledger: Copied, tmp_path: Path) -> None:
    for form in Format:
        _, rows = run(ledger, Options(form, tmp_path / f"{form.value}.jsonl"))
        report, _ = run(ledger, Options(form, tmp_path / f"{form.value}.parquet"))
        table = pq.read_table(tmp_path / f"{form.value}.parquet")
        assert table.num_rows == report.rows["train"] > 0
        assert len(rows) >= table.num_rows


def test_filters_leave_out_and_say_so(ledger: Copied, tmp_path: Path) -> None:
    out = tmp_path / "a.jsonl"
    report, rows = run(ledger, Options(Format.TRL_SFT, out, max_chars=10))
    assert rows == []
    assert report.refused["longer than 10 characters"] > 0
    _, rows = run(ledger, Options(Format.PLAN, out, consent="training"))
    assert {row["provenance"]["session_id"] for row in rows} == {"demo-session-1"}
    _, rows = run(ledger, Options(Format.PLAN, out, outcomes=frozenset({"failed"})))
    assert rows == []
    _, rows = run(ledger, Options(Format.TRL_SFT, out, min_success=0.99))
    assert rows == []


def test_a_dry_run_writes_nothing(ledger: Copied, tmp_path: Path) -> None:
    report, _ = run(ledger, Options(Format.TRL_SFT, tmp_path / "a.jsonl", dry_run=True))
    assert report.rows["train"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_readme_of_somebody_else_is_left_alone(ledger: Copied, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match="folder of its own"):
        run(ledger, Options(Format.TRL_SFT, tmp_path / "a.jsonl"))


def test_transcripts_can_be_a_file_a_session(ledger: Copied, tmp_path: Path) -> None:
    report, _ = run(ledger, Options(Format.STS, tmp_path / "traces"))
    first = (tmp_path / "traces" / "demo-session-1.jsonl").read_text().splitlines()
    assert json.loads(first[0])["type"] == "session"
    assert {json.loads(line)["type"] for line in first[1:]} == {"message"}
    assert tmp_path / "traces" / "README.md" in report.files
