"""Hold the suite to its own table: each rule is tested and described."""

import re
from pathlib import Path

from .report import Claim, table
from .rules import RULES

_HERE = Path(__file__).parent


def test_every_rule_has_a_test() -> None:
    sources = "".join(path.read_text() for path in _HERE.glob("test_*.py"))
    marked = set(re.findall(r'mark\.rule\("?([\w ]+)"?, "', sources))
    assert {rule.key for rule in RULES} == marked


def test_every_rule_is_in_the_readme() -> None:
    rows = re.findall(
        r"^\| ([\w ]+) \| .*test_.*\.py", (_HERE / "README.md").read_text(), re.MULTILINE
    )
    assert rows == [rule.key for rule in RULES]


def test_the_report_has_a_row_for_each_rule_and_level_with_outcomes() -> None:
    claims = {"a": Claim("5", "M"), "b": Claim("5", "M"), "c": Claim("5", "ours")}
    rows = list(
        table(claims, [("a", "passed"), ("b", "failed"), ("c", "differs"), ("d", "passed")])
    )
    assert [row.split(" | ")[2:7] for row in rows[2:-1]] == [
        ["M", "1", "1", "", ""],
        ["ours", "", "", "1", ""],
    ]
    assert rows[-1] == "| all | | | 1 | 1 | 1 | 0 | |"
