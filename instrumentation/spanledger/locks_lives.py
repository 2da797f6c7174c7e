"""Know who holds and who waits for the locks of this process, and tell what happens to them.

One life of a lock goes from request to release. It is told as events when things happen, and as the
spans `lock wait` and `lock hold`. Nothing here takes a lock of its own: a garbage collector's
callback or a signal may want any lock at any time, and dictionaries are safe to share as they are.
"""

import itertools
import os
import secrets
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, guarded, tracer

# With nobody seen to hold the lock, so much is what taking it takes, a lock file on a busy disk.
_NO_WAIT_S: Final = 0.005

_Told = dict[str, AttributeValue]


@dataclass(slots=True)
class Counts:
    """What is known of a lock that is only counted. Written by whoever holds the lock."""

    acquisitions: int = 0
    contentions: int = 0
    wait_s: float = 0.0


class Place:
    """Who holds and who waits for one lock, in this process."""

    __slots__ = ("__weakref__", "holding", "object", "waiting")

    def __init__(self, object_: str | None = None) -> None:
        self.holding: dict[int, Life] = {}
        self.waiting: dict[int, Life] = {}
        self.object = object_


@dataclass(frozen=True, slots=True)
class Tag:
    """What is said of a lock each time."""

    key: str
    kind: str
    place: Place
    mode: str = "exclusive"
    operation: str | None = None
    owner: str | None = None
    threshold_s: float = 0.0
    """Shorter waits and holds are counted, not told; 0: everything is told."""
    counts: Counts = field(default_factory=Counts)


class Life:
    """One request, and what became of it. Most are never told: they set as little as they can."""

    context: Context | None = None
    holder: "Life | None" = None
    is_told = False
    is_wanted = False
    """Somebody waits for this one, so it is told, however short it is."""
    owner = ""
    position = 0
    wait_s = 0.0
    wait_span: Span | None = None

    def __init__(self, tag: Tag, task: str) -> None:
        self.tag, self.task = tag, task
        self.number = next(_HERE.count)
        self.prefix = _HERE.prefix
        self.thread = threading.get_ident()
        self.requested = self.acquired = time.perf_counter()

    @property
    def id(self) -> str:
        """Unlike any other's, in all processes."""
        return f"{self.prefix}{self.number:08x}"


class _Here:
    """What makes this process's lives its own, and the locks it knows by name."""

    def __init__(self) -> None:
        self.places = WeakValueDictionary[str, Place]()
        self.begin()

    def begin(self) -> None:
        """Also in a forked child, so that its ids differ from its parent's."""
        self.prefix = secrets.token_hex(4)
        self.count = itertools.count(1)
        self.telling = threading.local()


_HERE: Final = _Here()
os.register_at_fork(after_in_child=_HERE.begin)


def place_of(key: str) -> Place:
    """The lock that all in this process know by this name, forgotten when nobody uses it.

    Two threads that ask for a new one at once may get two: then one is not told of the other.
    """
    found = _HERE.places.get(key)
    if found is None:
        found = _HERE.places[key] = Place()
    return found


def own_place() -> Place:
    """A lock that shares its key with others made by the same line of code."""
    return Place(f"{_HERE.prefix}{next(_HERE.count):x}")


def request(tag: Tag, task: str = "") -> Life:
    """Somebody wants the lock, from now on: the running thread, or a task of it."""
    life, place = Life(tag, task), tag.place
    life.position = len(place.waiting)
    place.waiting[life.number] = life
    holders = list(place.holding.values())
    life.holder = holders[-1] if holders else None
    return life


def taken(tag: Tag, task: str = "") -> Life:
    """Somebody got the lock without having to wait."""
    life = Life(tag, task)
    tag.counts.acquisitions += 1
    tag.place.holding[life.number] = life
    return life


def acquired(life: Life) -> None:
    """The wait is over, the lock is had."""
    tag = life.tag
    life.acquired = time.perf_counter()
    wait_s = life.acquired - life.requested
    life.wait_s = 0.0 if life.holder is None and wait_s < _NO_WAIT_S else wait_s
    tag.place.waiting.pop(life.number, None)
    tag.place.holding[life.number] = life
    tag.counts.acquisitions += 1
    if life.wait_s:
        tag.counts.contentions += 1
        tag.counts.wait_s += life.wait_s
    if life.is_told or wait_s >= tag.threshold_s:
        tell_requested(life)
        _tell_acquired(life)


def given_up(life: Life, outcome: str) -> None:
    """The wait is over without the lock: timeout, denied, cancelled or error."""
    tag = life.tag
    life.wait_s = time.perf_counter() - life.requested
    tag.place.waiting.pop(life.number, None)
    tag.counts.contentions += 1
    if life.is_told or life.wait_s >= tag.threshold_s:
        tell_requested(life)
        _tell_given_up(life, outcome)


def released(life: Life) -> None:
    """The lock is free again; call it when that is so."""
    hold_s = time.perf_counter() - life.acquired
    life.tag.place.holding.pop(life.number, None)
    if life.prefix != _HERE.prefix:
        return  # held since before a fork: the parent tells it
    if life.is_told or life.is_wanted or hold_s >= life.tag.threshold_s:
        if not life.is_told:
            tell_requested(life)
            _tell_acquired(life)
        _tell_released(life, hold_s)


def is_telling() -> bool:
    """Whether this thread is in the middle of telling: locks taken for that are not told."""
    return getattr(_HERE.telling, "depth", 0) > 0


def tell_requested(life: Life) -> None:
    """Say that somebody wants the lock, once; at the time of the request."""
    if life.is_told or is_telling():
        return
    life.is_told = True
    with _telling("telling a lock's request"):
        life.context = _scope.here()
        life.owner = life.owner or life.tag.owner or _owner(life)
        told: _Told = {a.LOCK_QUEUE_POSITION: life.position}
        emit(
            a.LOCK_REQUESTED, _about(life) | told, context=life.context, at_ns=_wall(life.requested)
        )


def _tell_acquired(life: Life) -> None:
    if not life.is_told:
        return
    with _telling("telling a lock's acquisition"):
        told: _Told = {a.LOCK_OUTCOME: "acquired", a.LOCK_WAIT_DURATION: life.wait_s}
        acquired_ns = _wall(life.acquired)
        emit(a.LOCK_ACQUIRED, _about(life) | told, context=life.context, at_ns=acquired_ns)
        if life.wait_s:
            _wait_span(life, "acquired", acquired_ns)


def _tell_given_up(life: Life, outcome: str) -> None:
    if not life.is_told:
        return
    with _telling("telling that a lock was given up"):
        waited_ns = _wall(life.requested + life.wait_s)
        told: _Told = {a.LOCK_OUTCOME: outcome, a.LOCK_WAIT_DURATION: life.wait_s}
        is_over = outcome in ("timeout", "denied")
        event = a.LOCK_TIMED_OUT if is_over else a.LOCK_CANCELLED
        emit(
            event,
            _about(life) | told,
            severity=SeverityNumber.WARN,
            context=life.context,
            at_ns=waited_ns,
        )
        _wait_span(life, outcome, waited_ns)


def _tell_released(life: Life, hold_s: float) -> None:
    if not life.is_told:
        return
    with _telling("telling a lock's release"):
        released_ns = _wall(life.acquired + hold_s)
        told: _Told = {a.LOCK_HOLD_DURATION: hold_s}
        emit(a.LOCK_RELEASED, _about(life) | told, context=life.context, at_ns=released_ns)
        waited = [] if life.wait_span is None else [Link(life.wait_span.get_span_context())]
        span = tracer().start_span(
            "lock hold", life.context, attributes=_about(life) | told, links=waited,
            start_time=_wall(life.acquired),
        )  # fmt: skip
        span.end(released_ns)


def _wait_span(life: Life, outcome: str, until_ns: int) -> None:
    attributes = _about(life) | {a.LOCK_OUTCOME: outcome, a.LOCK_WAIT_DURATION: life.wait_s}
    life.wait_span = tracer().start_span(
        "lock wait", life.context, attributes=attributes, start_time=_wall(life.requested)
    )
    life.wait_span.end(until_ns)


def _about(life: Life) -> _Told:
    tag, holder = life.tag, life.holder
    about: _Told = {
        a.LOCK_KEY: tag.key,
        a.LOCK_ID: life.id,
        a.LOCK_KIND: tag.kind,
        a.LOCK_MODE: tag.mode,
        a.LOCK_OWNER: life.owner,
    }
    if tag.place.object is not None:
        about[a.LOCK_OBJECT] = tag.place.object
    if tag.operation is not None:
        about[a.LOCK_OPERATION] = tag.operation
    if holder is not None:
        # Whoever is waited for must be on record, however short it holds.
        holder.is_wanted = True
        holder.owner = holder.owner or holder.tag.owner or _owner(holder)
        about |= {a.LOCK_HOLDER: holder.owner, a.LOCK_HOLDER_ID: holder.id}
    return about


def _owner(life: Life) -> str:
    """`agent:pid`, and `/task`, or `/thread` unless it is the main one."""
    who = f"{_scope.current(life.context).agent or 'process'}:{os.getpid()}"
    if life.task:
        return f"{who}/{life.task}"
    threads = {thread.ident: thread.name for thread in threading.enumerate()}
    name = threads.get(life.thread, str(life.thread))
    place = "" if name == threading.main_thread().name else f"/{name}"
    return f"{who}{place}"


def _wall(moment: float) -> int:
    """A moment of the performance counter as unix nanoseconds."""
    return time.time_ns() - int((time.perf_counter() - moment) * 1e9)


@contextmanager
def _telling(what: str) -> Generator[None]:
    _HERE.telling.depth = getattr(_HERE.telling, "depth", 0) + 1
    try:
        with guarded(what):
            yield
    finally:
        _HERE.telling.depth -= 1
