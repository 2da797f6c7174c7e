"""`dialects` lists whom the ledger understands, and shows one in full."""

import json

from .command import Run


def test_every_dialect_is_listed_with_what_it_gives(run: Run) -> None:
    listed = {row["dialect"]: row for row in json.loads(run("dialects", "--format", "json").out)}
    assert len(listed) >= 24
    claude = listed["claude_code"]
    assert claude["recognised_by"].startswith("scopes `com.anthropic.claude_code.*`")
    assert (claude["cost"], claude["plans"], claude["init"]) == ("yes", "switched", "claude-code")
    assert 'env.CLAUDE_CODE_ENABLE_TELEMETRY="1"' in claude["switches"]
    assert listed["codex"]["cost"] == "no"


def test_one_is_shown_in_full(run: Run) -> None:
    parts = {row["part"]: row for row in json.loads(run("dialects", "codex", "--format=json").out)}
    assert parts["messages"]["level"] == "partly"
    assert "never sent" in parts["messages"]["text"]
    assert parts["init"]["text"] == "spanledger init codex"
    assert "update_plan" in run("dialects", "codex").out


def test_an_unknown_one_is_exit_3(run: Run) -> None:
    ran = run("dialects", "klingon")
    assert ran.code == 3
    assert "there is no dialect klingon; there are: adk, " in ran.err
