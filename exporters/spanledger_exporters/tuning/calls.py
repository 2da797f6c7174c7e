"""Read the ledger session by session: model calls as turns, tool outcomes, plans, feedback."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import duckdb

from spanledger_exporters.decoding.messages import Answer, Message, Request
from spanledger_exporters.reading.sqlfiles import queries_dir
from spanledger_exporters.tuning import chat, tools
from spanledger_exporters.tuning.chat import RefusedError, Said
from spanledger_exporters.tuning.histories import Conversation, Histories, Talk, conversation
from spanledger_exporters.tuning.outcomes import Outcomes, stretches
from spanledger_exporters.tuning.records import Feedback, Outcome, Plan, Row

_BATCH: Final = 500
_ASKING: Final = frozenset({"tool_calls", "tool-calls", "tool_use", "function_call"})
"""Finish reasons of an answer that asks for tools, of which its text says nothing."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer of a model to what it was told; `keys` are of the context's beginnings and all."""

    row: Row
    context: tuple[Said, ...]
    answer: Said
    keys: tuple[bytes, ...]
    tools: str
    """The tools' definitions as a JSON list."""
    is_rebuilt: bool
    """Whether the context was put together from what each call before told."""
    outcomes: tuple[Outcome | None, ...]
    """Of the calls that the answer asks for, in order."""

    @property
    def whole(self) -> tuple[Said, ...]:
        """The context and the answer."""
        return (*self.context, self.answer)

    @property
    def context_key(self) -> bytes:
        """The same for the same context, whoever was told it."""
        return self.keys[-2]

    @property
    def key(self) -> bytes:
        """The same for the same conversation, this answer included."""
        return self.keys[-1]


@dataclass(slots=True)
class Session:
    """What one session holds; `refused` counts the turns that are not fit, by reason."""

    id: str
    turns: list[Turn] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter[str])

    @property
    def request(self) -> str:
        """What was asked for first, as far as anybody knows."""
        asked = (plan.request for plan in self.plans if plan.request)
        # Calls on the side, that make a title or check a route, are given no tools.
        turns = sorted(self.turns, key=lambda turn: turn.tools == "[]")
        heard = (said.content for turn in turns for said in turn.context if said.role == "user")
        return next(itertools.chain(asked, heard), "")

    def request_of(self, plan_id: str) -> str:
        """What was said to the model last before the plan's calls; else what the session is for."""
        turn = next((turn for turn in self.turns if turn.row.plan_id == plan_id), None)
        heard = [said.content for said in turn.context if said.role == "user"] if turn else []
        return heard[-1] if heard else self.request


def dataset_sql(name: str) -> str:
    """The SELECT of one file in queries/datasets."""
    return (queries_dir() / "datasets" / f"{name}.sql").read_text(encoding="utf-8")


def feedback(db: duckdb.DuckDBPyConnection) -> list[Feedback]:
    """All judgements, the oldest first."""
    return [Feedback(*row) for row in db.execute(dataset_sql("feedback")).fetchall()]


def sessions(
    db: duckdb.DuckDBPyConnection, progress: Callable[[int, int], None], since: str | None = None
) -> Iterator[Session]:
    """Every session, ordered by id; the talk of one in memory at a time.

    `progress` is told how many model calls were read, of how many.
    """
    total = _prepare(db, since)
    plans = dict(_grouped(Plan, db.execute(dataset_sql("plan_tuning")).fetchall()))
    outcomes = dict(_grouped(Outcome, db.execute(dataset_sql("tool_outcomes")).fetchall()))
    talk = _grouped(Row, _rows(db, lambda read: progress(read, total)))
    waiting = sorted(plans)
    for session_id, rows in talk:
        while waiting and waiting[0] < session_id:
            silent = waiting.pop(0)
            yield Session(silent, plans=plans[silent])
        if waiting and waiting[0] == session_id:
            waiting.pop(0)
        known = outcomes.get(session_id, [])
        session = Session(session_id, plans=plans.get(session_id, []), outcomes=known)
        _fill(session, rows)
        yield session
    yield from (Session(silent, plans=plans[silent]) for silent in waiting)


def _prepare(db: duckdb.DuckDBPyConnection, since: str | None) -> int:
    """Copy the views that several datasets read: DuckDB plans each for seconds, every time."""
    for view in ("plans", "plan_steps", "llm_calls"):
        db.execute(f"CREATE TEMP TABLE copied AS SELECT * FROM {view}")
        db.execute(f"ALTER TABLE copied RENAME TO {view}")
    if since is not None:
        db.execute("SET VARIABLE since = ?", [since])
    counted = db.execute("SELECT count(*) FROM llm_calls").fetchone()
    return int(counted[0]) if counted else 0


def _rows(db: duckdb.DuckDBPyConnection, read: Callable[[int], None]) -> Iterator[tuple[Any, ...]]:
    db.execute(dataset_sql("conversations"))
    done = 0
    while batch := db.fetchmany(_BATCH):
        yield from batch
        done += len(batch)
        read(done)


def _grouped(
    kind: Callable[..., Any], rows: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[str, list[Any]]]:
    for session_id, group in itertools.groupby(rows, key=lambda row: row[0]):
        yield str(session_id), [kind(*row) for row in group]


def _fill(session: Session, rows: Sequence[Row]) -> None:
    outcomes = Outcomes.of(session.outcomes)
    for _, group in itertools.groupby(rows, key=lambda row: row.agent or ""):
        lane = list(group)
        before: tuple[Message, ...] = ()
        histories, begin = Histories(), Talk()
        for row, stretch in zip(lane, stretches(lane), strict=True):
            try:
                context, answer, is_rebuilt = _talk(row, before, histories)
                told = conversation((*context, *answer), begin)
                turn = _turn(row, told, is_rebuilt=is_rebuilt)
                known = outcomes.asked(turn.answer.calls, stretch, row.agent)
                session.turns.append(replace(turn, outcomes=known))
                before = (*context, *answer)
            except RefusedError as refused:
                session.refused[str(refused)] += 1
                if row.error is None:
                    before = ()


def _talk(
    row: Row, before: tuple[Message, ...], histories: Histories
) -> tuple[tuple[Message, ...], tuple[Message, ...], bool]:
    """What a call was told, what it answered, and whether the former had to be put together."""
    if row.error is not None:
        raise RefusedError("the model call failed")
    if row.redacted:
        raise RefusedError("content that the emitter hid")
    if row.finish_reason in {"length", "max_tokens", "MAX_TOKENS", "content_filter"}:
        raise RefusedError("an answer that a limit or a filter cut")
    heard, answer = _parted([] if _is_whole(row) else _told(row.told))
    said = _said(row, answer) or _parted(_told(row.told))[1]
    if not said:
        raise RefusedError("no content was recorded")
    if row.heard is not None and row.mode != "delta":
        history = histories.read(row.heard)
        return _with_system(history, (*heard, *_instructed(row.said))), tuple(said), False
    return _continued(before, heard), tuple(said), True


def _parted(told: list[Message]) -> tuple[list[Message], list[Message]]:
    """What came before the first answer, and the rest."""
    number = next((i for i, m in enumerate(told) if m.role == "assistant"), len(told))
    return told[:number], told[number:]


def _is_whole(row: Row) -> bool:
    """Whether history and answer are there, and nothing was told beside them."""
    is_there = row.heard is not None and row.said is not None and row.mode != "delta"
    return is_there and (row.said or "")[:1] in {"[", "{"} and "system" not in (row.told or "")


def _said(row: Row, told: list[Message]) -> list[Message]:
    """The answer. Vercel's SDK keeps its text and its calls apart, and the text is only a text."""
    if row.said is None:
        return told
    if not row.said.lstrip().startswith(("[", "{")):
        is_all = row.finish_reason not in _ASKING
        return told or ([Message("assistant", row.said)] if is_all else [])
    return [m for m in chat.messages(row.said) if m.role == "assistant"] or told


def _instructed(said: str | None) -> list[Message]:
    """The system prompt that OpenAI's responses repeat, where their requests are not recorded."""
    if said is None or '"instructions"' not in said or not said.lstrip().startswith("{"):
        return []
    return chat.messages(said)


def _with_system(history: list[Message], heard: Iterable[Message]) -> tuple[Message, ...]:
    """A history, with the system prompt that some emitters keep apart from it."""
    if any(message.role == "system" for message in history):
        return tuple(history)
    return (*(message for message in heard if message.role == "system"), *history)


def _continued(before: tuple[Message, ...], heard: Sequence[Message]) -> tuple[Message, ...]:
    """The conversation so far and what is new; who repeats the beginning begins again."""
    if not heard or (heard[: len(before)] and tuple(heard[: len(before)]) == before):
        return (*before, *heard) if not heard else tuple(heard)
    new = [m for m in heard if m.role != "system" or m not in before]
    first = new[0] if new else None
    if first is not None and before and first in before and first.role != "tool":
        return tuple(heard)
    return (*before, *new)


def _told(text: str | None) -> list[Message]:
    """What the records of a call tell, calls and answers put back into their messages."""
    found: list[Message] = []
    for record in json.loads(text or "null") or ():
        asked = {item.get("id") or item.get("name"): item for item in _list(record, "asked")}
        answered = {item.get("id"): item for item in _list(record, "answered")}
        found += [_message(item, asked, answered) for item in _list(record, "new")]
    return found


def _list(record: Mapping[str, str | None], name: str) -> list[dict[str, Any]]:
    return json.loads(record.get(name) or "null") or []


def _message(
    item: Mapping[str, Any], asked: Mapping[Any, Any], answered: Mapping[Any, Any]
) -> Message:
    calls = [asked[name] for name in item.get("calls") or () if name in asked]
    answers = [answered[name] for name in item.get("answers") or () if name in answered]
    return Message(
        item["role"],
        item.get("content"),
        tuple(Request(c.get("id"), c["name"], c.get("arguments")) for c in calls),
        tuple(Answer(a.get("id"), a.get("content"), a.get("failed")) for a in answers),
    )


def _turn(row: Row, told: Conversation, *, is_rebuilt: bool) -> Turn:
    whole = told.said
    if len(whole) < 2 or whole[-1].role != "assistant":  # noqa: PLR2004 # a question, an answer
        raise RefusedError("no content was recorded")
    if not any(said.role == "user" for said in whole[:-1]):
        raise RefusedError("nobody asked for anything")
    known = tools.defined(row.tools)
    return Turn(
        row=row,
        context=whole[:-1],
        answer=whole[-1],
        keys=told.keys,
        tools=known if known != "[]" else tools.listed(row.heard, row.said),
        is_rebuilt=is_rebuilt,
        outcomes=(),
    )
