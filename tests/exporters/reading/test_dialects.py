"""A dialect file's header has every part, in one form."""

from pathlib import Path

import pytest

from spanledger_exporters.reading.dialects import SUBJECTS, Level, dialects, parse
from spanledger_exporters.reading.sqlfiles import queries_dir

FILES = sorted(Path(str(queries_dir() / "dialects")).glob("*.sql"))
WHOLE = "\n".join(
    [
        "-- klingon: what warriors emit,",
        "-- in two lines.",
        "-- recognised by: scope `qo`",
        *(f"-- {subject}: yes" for subject in SUBJECTS),
        "-- set in environment: A=1",
        "--   B=2",
        "-- init: warriors",
        "-- more: C=3",
    ]
)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_header_is_whole(file: Path) -> None:
    found = parse(file.stem, file.read_text(encoding="utf-8"))
    assert list(found.given) == list(SUBJECTS)
    assert found.about[-1] == "."


def test_every_file_is_a_dialect() -> None:
    assert list(dialects()) == [file.stem for file in FILES]


def test_a_long_line_goes_on_in_the_next() -> None:
    found = parse("klingon", f"{WHOLE}\n\n-- gives: errors\nSELECT 1")
    assert found.about == "what warriors emit, in two lines."
    assert [(place.name, place.settings) for place in found.places] == [("environment", "A=1 B=2")]
    assert (found.target, found.more) == ("warriors", "C=3")


@pytest.mark.parametrize(
    ("line", "instead", "complaint"),
    [
        ("-- recognised by: scope `qo`\n", "", "must begin with klingon, recognised by"),
        ("-- plans: yes\n", "", "must begin with"),
        ("-- plans: yes\n", "-- plans: maybe\n", "plans must begin with one of yes, partly"),
        ("-- plans: yes\n", "-- plans: no\n", "say how plans is no"),
        ("-- set in environment: A=1\n--   B=2\n", "", "after messages come"),
        ("-- init: warriors\n", "-- init: warriors\n-- wishes: none\n", "after messages come"),
        ("-- plans: yes\n", "-- plans: yes\n-- plans: yes\n", "is no part of a header"),
        ("-- plans: yes\n", "-- plans: yes\nSELECT\n", "is no part of a header"),
    ],
)
def test_a_header_that_lacks_a_part_is_refused(line: str, instead: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse("klingon", WHOLE.replace(line, instead))


def test_a_level_needs_a_reason_unless_it_is_yes() -> None:
    found = parse("klingon", WHOLE.replace("-- cost: yes", "-- cost: no, honour has no price"))
    assert found.given["cost"].level is Level.NO
    assert found.given["cost"].text == "honour has no price"
