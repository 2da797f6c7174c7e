"""Decode requests of one signal together: the good ones at once, the others record by record."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from spanledger_exporters.decoding import careful, logs, metrics, plain, plain_rows, spans
from spanledger_exporters.decoding.careful import NotWholeError, Reject, Sorted
from spanledger_exporters.decoding.rows import FewRows, IrregularError, Rows
from spanledger_exporters.errors import BadRequestError

_ARROW: Final = {"spans": spans.decode, "logs": logs.decode}
_PLAIN: Final = {"spans": plain_rows.of_span, "logs": plain_rows.of_log, "metrics": metrics.rows}
_SMALL: Final = 56 << 10
"""Bytes of a group (about 90 spans) up to which plain Python is faster than 400 kernel calls."""


Outcome = list[Reject] | BadRequestError
"""What was rejected of a request, or why it is none at all."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is decoded of one request together with others, and what is not."""

    payloads: Sequence[bytes]
    wires: Sequence[str | None]
    outcome: Outcome


def decode(signal: str, payloads: Sequence[bytes]) -> tuple[Rows | FewRows, list[Outcome]]:
    """Rows of all the requests together, and the outcome of each."""
    if _is_large(signal, payloads):
        # Arrow's way notices whether they are whole, in less time than it takes to look first.
        with contextlib.suppress(NotWholeError):
            return _decode(signal, [_Parts([payload], [None], []) for payload in payloads])
    return _decode(signal, [_sound(signal, payload) for payload in payloads])


def _decode(signal: str, requests: Sequence[_Parts]) -> tuple[Rows | FewRows, list[Outcome]]:
    try:
        rows = _rows(signal, requests)
    except IrregularError as error:
        requests = list(_examined(signal, requests, error.records))
        rows = _rows(signal, requests)
    return rows, [request.outcome for request in requests]


def _sound(signal: str, payload: bytes) -> _Parts:
    """A request, or what is good of it."""
    if careful.is_whole(signal, payload):
        return _Parts([payload], [None], [])
    try:
        return _parts(careful.sort(signal, payload))
    except BadRequestError as error:
        return _Parts([], [], error)


def _parts(found: Sorted) -> _Parts:
    return _Parts(found.payloads, found.wires, found.rejects)


def _is_large(signal: str, payloads: Sequence[bytes]) -> bool:
    return signal in _ARROW and sum(map(len, payloads)) > _SMALL


def _rows(signal: str, requests: Sequence[_Parts]) -> Rows | FewRows:
    payloads = [payload for request in requests for payload in request.payloads]
    wires = [wire for request in requests for wire in request.wires]
    kept = wires if any(wires) else None
    if _is_large(signal, payloads):
        return _ARROW[signal](payloads, kept)
    return plain.decode(signal, _PLAIN[signal], payloads, kept)


def _examined(
    signal: str, requests: Sequence[_Parts], irregular: frozenset[int]
) -> Iterator[_Parts]:
    """The same requests with the irregular records, by place in all of them, looked at."""
    place = 0
    for request in requests:
        if isinstance(request.outcome, BadRequestError):
            yield request
            continue
        found = Sorted(rejects=list(request.outcome))
        for payload, wire in zip(request.payloads, request.wires, strict=True):
            records = range(place, place := place + careful.count(signal, payload))
            suspects = frozenset(p - records.start for p in irregular if p in records)
            if suspects:
                found.extend(careful.sort(signal, payload, suspects))
            else:
                found.add(payload, wire)
        yield _parts(found)
