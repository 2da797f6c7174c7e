"""`demo` shows a whole run, and leaves a ledger that anybody can ask."""

import json
from pathlib import Path

import duckdb

from .command import Run


def test_the_demo_shows_its_plan_its_costs_and_how_to_ask(run: Run, tmp_path: Path) -> None:
    ran = run("demo", "--data", tmp_path / "d")
    assert ran.code == 0
    assert "Make the failing build pass  completed" in ran.out
    assert "FROM plan_steps" in ran.out
    assert f"duckdb -readonly {tmp_path / 'd'}/ledger.duckdb" in ran.out
    assert "an agent sends OTLP to 127.0.0.1:" in ran.err


def test_twice_in_a_directory_is_two_plans(run: Run, tmp_path: Path) -> None:
    run("demo", "--data", tmp_path / "d")
    run("demo", "--data", tmp_path / "d")
    plans = json.loads(run("plans", "--data", tmp_path / "d", "--format", "json").out)
    assert [plan["status"] for plan in plans] == ["completed", "completed"]


def test_the_question_it_shows_can_be_asked_of_the_file(run: Run, tmp_path: Path) -> None:
    shown = run("demo", "--data", tmp_path / "d").out
    question = shown[shown.index("SELECT title") : shown.index(";")]
    with duckdb.connect(str(tmp_path / "d" / "ledger.duckdb"), read_only=True) as db:
        assert len(db.execute(question).fetchall()) == 5
