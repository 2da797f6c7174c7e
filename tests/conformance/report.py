"""Count the outcomes of tests for every rule, and print them as a table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .rules import LEVELS, RULES

OUTCOMES: Final = ("passed", "failed", "differs", "skipped")

_OUTCOME_OF: Final = {
    "passed": "passed",
    "xpassed": "passed",
    "failed": "failed",
    "error": "failed",
    "xfailed": "differs",
    "skipped": "skipped",
}
"""From pytest's categories; a foreign server's other choices are expected failures."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a test is about: a rule, and how binding the part of it is that the test holds."""

    rule: str
    level: str


def outcome_of(category: str) -> str | None:
    """The outcome to report for one of pytest's categories; None for what is no test's."""
    return _OUTCOME_OF.get(category)


def table(claims: Mapping[str, Claim], outcomes: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A Markdown table from the claim of every test id and the (test id, outcome) pairs."""
    counts: Counter[tuple[Claim, str]] = Counter()
    for test, outcome in outcomes:
        if test in claims:
            counts[claims[test], outcome] += 1
    yield "| rule | over | level | " + " | ".join(OUTCOMES) + " | what is asked |"
    yield "|---|---|---|" + "---|" * (len(OUTCOMES) + 1)
    for rule in RULES:
        for level in LEVELS:
            claim = Claim(rule.key, level)
            numbers = [counts[claim, outcome] for outcome in OUTCOMES]
            if any(numbers):
                cells = " | ".join(str(number or "") for number in numbers)
                yield f"| {rule.key} | {rule.about} | {level} | {cells} | {rule.sentence} |"
    totals = (sum(n for (_, told), n in counts.items() if told == which) for which in OUTCOMES)
    yield "| all | | | " + " | ".join(map(str, totals)) + " | |"
