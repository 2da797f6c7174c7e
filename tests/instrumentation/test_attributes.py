"""A key or event is named once; SQL, code and docs use no other.

`pytest tests/instrumentation/test_attributes.py --update-golden` rewrites docs/vocabulary.md.
"""

import ast
import itertools
import re
from pathlib import Path

import pytest

from spanledger import attributes

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "vocabulary.md"
NAME = re.compile(r"spanledger(?:\.[a-z][a-z_]*)+")
INTRODUCTION = """# Vocabulary

Every attribute and event that spanledger tells, from `instrumentation/spanledger/attributes.py`.
Own names begin with `spanledger.`; where OpenTelemetry has a name, that is used. Events are log
records with the field EventName, and the same name in the attribute `event.name`; every one of them
carries `session.id`, `gen_ai.agent.name`, `spanledger.run.id`, `spanledger.plan.id` and
`spanledger.step.id` where there is one.

"A title" is told unless `SPANLEDGER_CAPTURE_CONTENT` is `0`; "content" only if it is `1`. Secrets
in both are masked, and both are cut at `SPANLEDGER_MAX_CONTENT` characters, titles at 500.
"""


def named() -> dict[str, str]:
    """Each name's sentence, in the order of the module."""
    body = ast.parse(Path(attributes.__file__).read_text(encoding="utf-8")).body
    found: dict[str, str] = {}
    for statement, after in itertools.pairwise(body):
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.value, ast.Constant)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[str(statement.value.value)] = " ".join(str(after.value.value).split())
    return found


def page() -> str:
    events = {name: text for name, text in named().items() if text.startswith("Event: ")}
    keys = {name: text for name, text in named().items() if name not in events}
    own = {name: text for name, text in keys.items() if name.startswith("spanledger.")}
    parts = [
        ("Attributes", own),
        ("Events", {name: _sentence(text) for name, text in events.items()}),
        ("Attributes of OpenTelemetry", {k: keys[k] for k in keys if k not in own}),
    ]
    tables = (
        f"\n## {title}\n\n| name | meaning |\n|---|---|\n"
        + "".join(f"| `{name}` | {text} |\n" for name, text in rows.items())
        for title, rows in parts
    )
    return INTRODUCTION + "".join(tables)


def _sentence(text: str) -> str:
    rest = text.removeprefix("Event: ")
    return rest[0].upper() + rest[1:]


def test_every_name_is_said_once_and_explained() -> None:
    constants = [value for name, value in vars(attributes).items() if name.isupper()]
    assert len(constants) == len(set(constants))
    assert set(constants) == set(named())


def test_the_page_is_current(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


def used_in(folder: str, suffix: str) -> dict[str, str]:
    """Names that begin with ours in quotes, and a file that has them."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / folder).rglob(f"*{suffix}")):
        for quoted in re.findall(r"""['"](spanledger\.[^'"\s]+)['"]""", file.read_text("utf-8")):
            if NAME.fullmatch(quoted):
                found[quoted] = str(file.relative_to(ROOT))
    return found


def test_sql_uses_no_name_that_is_not_told() -> None:
    unknown = {
        name: file for name, file in used_in("queries", ".sql").items() if name not in named()
    }
    prefixes = {name for name in unknown if any(known.startswith(f"{name}.") for known in named())}
    assert set(unknown) - prefixes == set(), unknown


def test_code_takes_names_from_the_one_module() -> None:
    own = Path(attributes.__file__)
    for file in own.parent.rglob("*.py"):
        if file != own:
            for name in re.findall(r"""["'](spanledger\.[a-z_.]+)["']""", file.read_text("utf-8")):
                assert name not in named(), f"{file.name} writes {name} itself"


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_docs_use_no_name_that_is_not_told(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`(spanledger\.[a-z_]+\.[a-z_.]+[a-z])`", text):
        assert name in named(), f"{document.name} names {name}"
