"""docs/dialects.md says what the dialect files say."""

from pathlib import Path

import pytest

from docs.dialect_page import written

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"


def test_the_page_is_current(request: pytest.FixtureRequest) -> None:
    page = PAGE.read_text(encoding="utf-8")
    wanted = written(page)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(wanted, encoding="utf-8")
        page = wanted
    assert page == wanted, "run: pytest tests/docs --update-golden"


def test_a_page_without_its_places_is_refused() -> None:
    with pytest.raises(ValueError, match="the page must have one <!-- overview -->"):
        written("nothing here")
