"""Count locks that are too quick to be told, and offer the counts as OpenTelemetry metrics."""

from collections.abc import Callable, Generator, Iterable
from typing import Final

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from spanledger import attributes as a
from spanledger.locks_lives import Counts, Tag, own_place

# One place in the code makes many locks, but a program has not many places.
_MOST_KEYS: Final = 1000
_COUNTED: Final[dict[tuple[str, str], Counts]] = {}
_STARTED: Final[list[metrics.Meter]] = []


def counted(key: str, kind: str, mode: str, threshold_s: float) -> Tag:
    """A tag whose counts are shared by all locks with this key."""
    counts = _COUNTED.get((key, kind))
    if counts is None:
        counts = Counts()
        if len(_COUNTED) < _MOST_KEYS:
            counts = _COUNTED.setdefault((key, kind), counts)
    return Tag(key, kind, own_place(), mode, threshold_s=threshold_s, counts=counts)


def counts() -> dict[tuple[str, str], Counts]:
    """What was counted so far, by key and kind."""
    return dict(_COUNTED)


def offer_metrics() -> None:
    """Have the counts read by whatever collects metrics; once."""
    if _STARTED:
        return
    meter = metrics.get_meter("spanledger")
    _STARTED.append(meter)
    meter.create_observable_counter(
        a.LOCK_ACQUISITIONS, [_observing(lambda counts: counts.acquisitions)]
    )
    meter.create_observable_counter(
        a.LOCK_CONTENTIONS, [_observing(lambda counts: counts.contentions)]
    )
    meter.create_observable_counter(
        a.LOCK_WAIT_TIME, [_observing(lambda counts: counts.wait_s)], unit="s"
    )


def _observing(
    read: Callable[[Counts], float],
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def observe(_options: CallbackOptions) -> Generator[Observation]:
        for (key, kind), counts in list(_COUNTED.items()):
            yield Observation(read(counts), {a.LOCK_KEY: key, a.LOCK_KIND: kind})

    return observe
