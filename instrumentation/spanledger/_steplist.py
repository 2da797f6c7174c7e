"""Keep a plan's steps in order, and keep their ids when the list is revised. Pure: tells nobody."""

import contextlib
import hashlib
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from spanledger._text import clean, plain, tells_titles, title

StepLike = str | tuple[str, str] | Mapping[str, object]
"""A title, an id and a title, or `{"id", "title", "status", "depends_on"}`."""
Reset = Literal["none", "changed", "all"]
"""Which steps a revision puts back to queued; a running step goes on running."""

_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
_MAX_SLUG: Final = 40
# A generator without an end is no plan.
_MAX_STEPS: Final = 10_000
# Told as they are; everything else that is handed over as a status is a new step's.
_STATUSES: Final = frozenset(
    ["queued", "running", "done", "failed", "paused", "blocked", "cancelled", "skipped", "removed"]
)
_UNFINISHED: Final = ("queued", "running", "paused", "blocked")


@dataclass(slots=True)
class StepState:
    """What is known of one step. `position` and `status` are None where another process knows."""

    id: str
    title: str | None
    position: int | None = None
    status: str | None = "queued"
    attempt: int = 0
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry of a list of steps, as somebody wrote it."""

    id: str | None
    title: str
    status: str
    depends_on: tuple[str, ...]


def as_list(said: object) -> list[object]:
    """The entries of a list of steps; of what is no list, the one entry it is."""
    if said is None:
        return []
    if isinstance(said, str | bytes | Mapping) or not isinstance(said, Iterable):
        return [said]
    listed: list[object] = []
    # What a list breaks off at is its owner's fault; what came before counts.
    with contextlib.suppress(Exception):
        listed.extend(itertools.islice(said, _MAX_STEPS))
    return listed


def _item(said: object) -> _Item:
    said = clean(said) if isinstance(said, Mapping) else said
    if isinstance(said, Mapping):
        key, name, status = said.get("id"), said.get("title", said.get("id")), said.get("status")
        needs = said.get("depends_on")
        needs = needs if isinstance(needs, list | tuple) else ()
        word = plain(status) if plain(status) in _STATUSES else "queued"
        return _Item(_key(key), plain(name), word, tuple(plain(other) for other in needs))
    if isinstance(said, tuple) and len(said) == len(("id", "title")):
        return _Item(_key(said[0]), plain(said[1]), "queued", ())
    return _Item(None, plain(said), "queued", ())


def _key(said: object) -> str | None:
    return plain(said) if said is not None else None


def _same(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


def slug(text: str) -> str:
    """A step's id from its title, the same in every process; a hash where titles are not told."""
    digest = hashlib.sha256(_same(text).encode("utf-8", "replace")).hexdigest()
    if not tells_titles():
        return digest[:12]
    words = _NO_WORD.sub("-", text[: 4 * _MAX_SLUG].lower()).strip("-")
    if words and text.isascii() and len(words) <= _MAX_SLUG:
        return words
    return f"{words[: _MAX_SLUG - 12].strip('-')}-{digest[:8]}".lstrip("-")


class StepList:
    """The steps of one plan, and those it had before. Not locked: the plan does that."""

    def __init__(self) -> None:
        self.steps: list[StepState] = []
        self._dropped: list[StepState] = []
        self._by_id: dict[str, StepState] = {}
        self._by_title: dict[str, list[StepState]] = {}

    def revise(self, said: Iterable[object], reset: Reset) -> bool:
        """Take over a list; whether steps, texts or order are others than before."""
        before = [(step.id, step.title) for step in self.steps]
        known, taken = self.steps + self._dropped, set[int]()
        kept: list[StepState] = []
        for item in map(_item, said):
            step = next((s for s in known if id(s) not in taken and _is(s, item)), None)
            if step is None:
                step = StepState(self._free(item, kept), item.title, status=item.status)
            elif step.status != "running" and (
                reset == "all" or (reset == "changed" and step.title != item.title)
            ):
                step.status = "queued"
            taken.add(id(step))
            step.title, step.depends_on = item.title, item.depends_on
            kept.append(step)
        self._replace(kept, known)
        return before != [(step.id, step.title) for step in self.steps]

    def _replace(self, kept: list[StepState], known: list[StepState]) -> None:
        stay = {id(step) for step in kept}
        self._dropped = [step for step in known if id(step) not in stay]
        for step in self._dropped:
            # A step that comes back begins anew; one that still runs says itself how it ended.
            if step.status != "running":
                step.status = "queued"
        for position, step in enumerate(kept):
            step.position = position
        self.steps = kept
        self._by_id, self._by_title = {}, {}
        for step in kept:
            self._index(step)

    def _index(self, step: StepState) -> None:
        self._by_id[step.id] = step
        self._by_title.setdefault(_same(step.title), []).append(step)

    def _free(self, item: _Item, more: list[StepState]) -> str:
        """The item's id, or one from its title that no other step has."""
        used = {step.id for step in (*self.steps, *self._dropped, *more)}
        wanted = item.id or slug(item.title)
        number, free = 1, wanted
        while free in used:
            number += 1
            free = f"{wanted}-{number}"
        return free

    def find(self, wanted: object) -> StepState | None:
        """The step with that id, else with that title; of twins the first that is not over."""
        key = plain(wanted)
        found = self._by_id.get(key)
        if found is not None:
            return found
        twins = self._by_title.get(_same(key), [])
        first = twins[0] if twins else None
        return next((step for step in twins if step.status in {"queued", "running"}), first)

    def add(self, wanted: object) -> StepState:
        """Put a step at the end."""
        item = _item(wanted)
        step = StepState(self._free(item, []), item.title, len(self.steps))
        self.steps.append(step)
        self._index(step)
        return step

    def add_elsewhere(self, wanted: object) -> StepState:
        """A step that another process has in its list, with the id it must have there.

        What looks like an id is one: its title was told where the plan was made.
        """
        text = plain(wanted)
        key = slug(text)
        step = StepState(key, None if text == key else text, status=None)
        self.steps.append(step)
        self._index(step)
        return step

    def snapshot(self) -> str:
        """All steps as the JSON of spanledger.plan.steps."""
        listed = (
            {
                "id": step.id,
                "title": title(step.title),
                "status": step.status,
                "position": step.position,
                "depends_on": list(step.depends_on) or None,
            }
            for step in self.steps
        )
        return json.dumps([{k: v for k, v in one.items() if v is not None} for one in listed])

    def digest(self) -> str:
        """SHA-256 of the titles in order."""
        text = "\n".join(_same(step.title) for step in self.steps)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    def counts(self) -> Counter[str]:
        """How many steps are in which status."""
        return Counter(step.status or "queued" for step in self.steps)

    def verdict(self) -> str:
        """What a plan has come to whose steps are like this."""
        counts = self.counts()
        if counts["failed"]:
            return "failed"
        return "abandoned" if any(counts[status] for status in _UNFINISHED) else "completed"


def _is(step: StepState, item: _Item) -> bool:
    return step.id == item.id if item.id is not None else _same(step.title) == _same(item.title)
