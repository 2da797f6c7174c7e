"""Record the actions an agent commits: who decided, by which way, on what, and how it ended."""

import contextvars
import hashlib
import itertools
import os
import secrets
import time
from collections.abc import Iterator
from enum import StrEnum
from types import TracebackType
from typing import Final, Self, TypeVar

from opentelemetry._logs import SeverityNumber
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._text import content, disabled
from spanledger.redaction import masked, redact
from spanledger.state_patches import canonical

__all__ = ["Action", "Outcome", "Reason", "Resolver", "Source", "record_action"]

# The same action twice within this time is one that was told by two layers of an agent.
_WINDOW_MS: Final = 400.0
_MOST_SESSIONS: Final = 10_000
_MOST_RECENT: Final = 1000


class Source(StrEnum):
    """Who decided on an action."""

    AGENT = "agent"
    TOOL = "tool"
    USER = "user"
    POLICY = "policy"
    SCHEDULE = "schedule"
    SYSTEM = "system"


class Resolver(StrEnum):
    """Which way through the agent's logic led to it."""

    DIRECT = "direct"
    PLANNER = "planner"
    MODEL = "model"
    RULE = "rule"
    CACHE = "cache"
    FALLBACK = "fallback"
    HUMAN = "human"


class Reason(StrEnum):
    """Why it was done."""

    PLAN_STEP = "plan_step"
    USER_REQUEST = "user_request"
    RETRY = "retry"
    RECOVERY = "recovery"
    DEPENDENCY = "dependency"
    CLEANUP = "cleanup"
    POLICY = "policy"
    OTHER = "other"


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"
    SIMULATED = "simulated"
    UNKNOWN = "unknown"


_Word = TypeVar("_Word", Source, Resolver, Reason, Outcome)


class Action:
    """An action that was recorded; what is recorded inside a `with` block of it, it led to."""

    def __init__(self, id_: str, seq: int, dedupe_key: str, *, is_duplicate: bool = False) -> None:
        self.id, self.seq, self.dedupe_key = id_, seq, dedupe_key
        self.is_duplicate = is_duplicate
        """It had been recorded a moment ago: this is that one, and nothing new was told."""
        self._token: contextvars.Token[Action | None] | None = None

    def __enter__(self) -> Self:
        self._token = _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        if self._token is not None:
            with guarded("leaving an action"):
                _CURRENT.reset(self._token)
            self._token = None


_CURRENT: Final[contextvars.ContextVar[Action | None]] = contextvars.ContextVar(
    "spanledger-action", default=None
)


class _Recorder:
    """Numbers and the last few actions of each session. No locks: see `next` and `setdefault`."""

    def __init__(self) -> None:
        self._numbers: dict[str, Iterator[int]] = {}
        self._recent: dict[tuple[str, str], tuple[float, Action]] = {}

    def number(self, session: str) -> int:
        """The next one of a session, from 1, whichever thread asks."""
        if session not in self._numbers and len(self._numbers) >= _MOST_SESSIONS:
            self._numbers.pop(next(iter(self._numbers)), None)
        return next(self._numbers.setdefault(session, itertools.count(1)))

    def known(self, session: str, key: str) -> Action | None:
        """The same action, if it was recorded within the window."""
        at, action = self._recent.get((session, key), (float("-inf"), None))
        return action if time.monotonic() - at < _window_s() else None

    def remember(self, session: str, action: Action) -> None:
        """For the next one that may be the same."""
        now = time.monotonic()
        if len(self._recent) >= _MOST_RECENT:
            for key, (at, _) in list(self._recent.items()):
                if now - at > _window_s() or len(self._recent) >= _MOST_RECENT:
                    self._recent.pop(key, None)
        self._recent[(session, action.dedupe_key)] = (now, action)


_RECORDER: Final = _Recorder()


def record_action(  # noqa: PLR0913 - an action has many sides, all by name
    action_type: str,
    *,
    target_kind: str,
    target_id: str,
    scope_kind: str | None = None,
    scope_id: str | None = None,
    delta: object = None,
    source: Source | str = Source.AGENT,
    resolver_path: Resolver | str = Resolver.DIRECT,
    reason_code: Reason | str = Reason.OTHER,
    outcome: Outcome | str | None = None,
    authoritative: bool = False,
    meaningful: bool | None = None,
    parent: Action | None = None,
) -> Action:
    """Record what was just done, `delta` being what it changed (JSON-like; content).

    `outcome` is told only by whoever is `authoritative`: made the commit, not asked for it. An
    action whose `delta` is empty is not meaningful, unless said otherwise. The same type, target,
    scope and delta again within SPANLEDGER_ACTION_WINDOW_MS (300 to 500) is the same action, and
    told once. Words that are in no enum are told as other, direct, agent or unknown. Never raises.
    """
    action = Action("", 0, "")
    with guarded("recording an action"):
        key = _dedupe_key(action_type, target_kind, target_id, scope_kind, scope_id, delta)
        session = _scope.current().session_id or ""
        earlier = _RECORDER.known(session, key)
        if earlier is not None:
            return Action(earlier.id, earlier.seq, key, is_duplicate=True)
        action = Action(secrets.token_hex(8), _RECORDER.number(session), key)
        _RECORDER.remember(session, action)
        parent = parent or _CURRENT.get()
        ended = _word(Outcome, outcome, Outcome.UNKNOWN) if outcome and authoritative else None
        told: dict[str, AttributeValue | None] = {
            a.ACTION_ID: action.id,
            a.ACTION_SEQ: action.seq,
            a.ACTION_PARENT_ID: parent.id if parent else None,
            a.ACTION_TYPE: action_type,
            a.ACTION_TARGET_KIND: target_kind,
            a.ACTION_TARGET_ID: redact(str(target_id)),
            a.ACTION_SCOPE_KIND: scope_kind,
            a.ACTION_SCOPE_ID: scope_id,
            a.ACTION_SOURCE: _word(Source, source, Source.AGENT),
            a.ACTION_RESOLVER_PATH: _word(Resolver, resolver_path, Resolver.DIRECT),
            a.ACTION_REASON_CODE: _word(Reason, reason_code, Reason.OTHER),
            a.ACTION_OUTCOME: ended,
            a.ACTION_MEANINGFUL: _is_meaningful(delta) if meaningful is None else meaningful,
            a.ACTION_DEDUPE_KEY: key,
            a.ACTION_DELTA: None if delta is None else content(canonical(masked(delta))),
        }
        _tell(told)
    return action


def _tell(told: dict[str, AttributeValue | None]) -> None:
    if not disabled():
        failed = told[a.ACTION_OUTCOME] == Outcome.FAILURE
        severity = SeverityNumber.ERROR if failed else SeverityNumber.INFO
        given = {key: value for key, value in told.items() if value is not None}
        emit(a.ACTION_PERFORMED, given, severity=severity)


def _dedupe_key(*parts: object) -> str:
    return hashlib.sha256(canonical(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _is_meaningful(delta: object) -> bool:
    return delta is None or bool(canonical(delta) not in ("{}", "[]", '""', "false", "0"))


def _word(kind: type[_Word], word: str, otherwise: _Word) -> str:
    try:
        return str(kind(word))
    except ValueError:
        return str(otherwise)


def _window_s() -> float:
    try:
        said = float(os.environ.get("SPANLEDGER_ACTION_WINDOW_MS", _WINDOW_MS))
    except ValueError:
        said = _WINDOW_MS
    return min(500.0, max(300.0, said)) / 1000
