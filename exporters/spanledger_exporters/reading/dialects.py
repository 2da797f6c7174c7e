"""Read what each dialect file says of itself: whom it is of, what it gives, what to switch on.

The header of a file in queries/dialects is the only place where this is written. Its form:

    -- NAME: what it is.
    -- recognised by: …
    -- sessions: LEVEL, how or why not    (and so on, one line for each of SUBJECTS)
    -- set in PLACE: SETTINGS             (one line or more)
    -- init: TARGET                       (when `spanledger init TARGET` writes these settings)
    -- more: …                            (what can be set besides)

A line that is too long goes on in the next one, indented. Levels are those of `Level`. A place is
`environment` or a file `~/….json` or `~/….toml`, whose settings are `KEY=VALUE` with dots in the
keys, `{grpc}` and `{http}` for our endpoints and JSON for what is no text; any other place has free
text.
"""

import enum
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from spanledger_exporters.reading.sqlfiles import queries_dir

SUBJECTS: Final = (
    "sessions",
    "llm_calls",
    "tool_calls",
    "plans",
    "step_history",
    "tokens",
    "cost",
    "errors",
    "messages",
)
_BY: Final = "recognised by"
_SET: Final = "set in "
_FIELD: Final = re.compile(r"-- ([a-z_ ]+|set in [^:]+): (\S.*)")
_MORE: Final = re.compile(r"--   (\S.*)")
_PLAIN: Final = re.compile(r"-- (\S.*)")
_LEVEL: Final = re.compile(r"(\w+)(?:, (.+))?")


class Level(enum.StrEnum):
    """How far a dialect gives something; `switched` is not before something is set."""

    YES = "yes"
    PARTLY = "partly"
    SWITCHED = "switched"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Given:
    """What a dialect gives of one subject: how, or why it does not."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Settings, and where they belong; `name` is environment, a file, or free."""

    name: str
    settings: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect file's header. `given` has every subject, in the order of SUBJECTS."""

    name: str
    about: str
    recognised_by: str
    given: dict[str, Given]
    places: tuple[Place, ...]
    target: str | None
    more: str | None


@cache
def dialects() -> dict[str, Dialect]:
    """All of them by name."""
    folder = queries_dir() / "dialects"
    texts = {
        file.name.removesuffix(".sql"): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }
    return {name: parse(name, texts[name]) for name in sorted(texts)}


def parse(name: str, text: str) -> Dialect:
    """Read a header. Raises ValueError when it is not of the form above."""
    fields = _fields(name, text.split("\n\n", 1)[0].splitlines())
    wanted = [name, _BY, *SUBJECTS]
    if list(fields)[: len(wanted)] != wanted:
        raise ValueError(f"{name}.sql: the header must begin with {', '.join(wanted)}")
    rest = {key: fields[key] for key in list(fields)[len(wanted) :]}
    places = tuple(
        Place(key.removeprefix(_SET), value) for key, value in rest.items() if key.startswith(_SET)
    )
    if not places or list(rest)[len(places) :] != [key for key in ("init", "more") if key in rest]:
        raise ValueError(f"{name}.sql: after {SUBJECTS[-1]} come `set in`, `init`, `more`")
    given = {subject: _given(name, subject, fields[subject]) for subject in SUBJECTS}
    return Dialect(
        name, fields[name], fields[_BY], given, places, rest.get("init"), rest.get("more")
    )


def _fields(name: str, lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        more = _MORE.fullmatch(line) or (list(fields) == [name] and _PLAIN.fullmatch(line))
        if found and found[1] not in fields:
            key, value = found[1], found[2]
        elif more and fields:
            key = next(reversed(fields))
            value = f"{fields[key]} {more[1]}"
        else:
            raise ValueError(f"{name}.sql: {line!r} is no part of a header")
        fields[key] = value
    return fields


def _given(name: str, subject: str, text: str) -> Given:
    found = _LEVEL.fullmatch(text)
    if found is None or found[1] not in set(Level):
        raise ValueError(f"{name}.sql: {subject} must begin with one of {', '.join(Level)}")
    level = Level(found[1])
    if level is not Level.YES and not found[2]:
        raise ValueError(f"{name}.sql: say how {subject} is {level}")
    return Given(level, found[2] or "")
