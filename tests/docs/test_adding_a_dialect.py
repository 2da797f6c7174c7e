"""docs/adding-a-dialect.md is true: what it says makes a dialect, and nothing else is touched."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-dialect.md").read_text(encoding="utf-8")
PACKAGE = Path("exporters", "spanledger_exporters")
VIEWS = ("llm_calls", "plan_step_history")


def part(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def python(copy: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, *args],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy / "exporters")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The SQL, the code that reads it and the test of all queries, with no story yet."""
    shutil.copytree(ROOT / PACKAGE, tmp_path / PACKAGE)
    shutil.copytree(ROOT / "queries", tmp_path / "queries")
    story = tmp_path / "tests" / "queries" / "acme"
    story.mkdir(parents=True)
    for name in ("conftest.py", "test_queries.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    (tmp_path / "queries" / "dialects" / "acme.sql").write_text(part("sql"))
    (story / "spans.jsonl").write_text(part("json"))
    for view in VIEWS:
        (story / f"{view}.csv").touch()
    return tmp_path


def test_one_file_and_one_story_make_a_dialect(copy: Path) -> None:
    python(copy, "-m", "pytest", "-q", "tests/test_queries.py", "-k", "acme", "--update-golden")
    story = copy / "tests" / "queries" / "acme"
    with (story / "plan_step_history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = part("csv").splitlines()[0].split(",")
    got = {tuple(row[name] for name in names) for row in rows}
    assert got == {tuple(line.split(",")) for line in part("csv").splitlines()[1:]}
    with (story / "llm_calls.csv").open(encoding="utf-8") as file:
        (call,) = csv.DictReader(file)
    assert (call["dialect"], call["input_tokens"], call["output_tokens"]) == ("acme", "100", "20")


def test_its_header_is_one_that_the_command_can_show(copy: Path) -> None:
    shown = python(copy, "-m", "spanledger", "dialects", "acme")
    assert "Acme Agents, an invented framework" in shown
