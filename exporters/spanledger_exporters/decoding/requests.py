"""Decode requests of one signal together: the good ones at once, the others record by record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from spanledger_exporters.decoding import careful, logs, metrics, plain, plain_rows, spans
from spanledger_exporters.decoding.careful import Reject, Sorted
from spanledger_exporters.decoding.rows import FewRows, IrregularError, Rows

_ARROW: Final = {"spans": spans.decode, "logs": logs.decode}
_PLAIN: Final = {"spans": plain_rows.of_span, "logs": plain_rows.of_log, "metrics": metrics.rows}
_SMALL: Final = 56 << 10
"""Bytes of a group (about 90 spans) up to which plain Python is faster than 400 kernel calls."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One request, ready to be decoded with others: its parts and what was rejected of it."""

    payloads: Sequence[bytes]
    wires: Sequence[str | None]
    rejects: Sequence[Reject]


def check(signal: str, payload: bytes) -> Checked:
    """Let a request through, or only its good records.

    Raises BadRequestError when it is no OTLP request at all.
    """
    if careful.is_whole(signal, payload):
        return Checked([payload], [None], ())
    found = careful.sort(signal, payload)
    return Checked(found.payloads, found.wires, found.rejects)


def decode(signal: str, checked: Sequence[Checked]) -> tuple[Rows | FewRows, list[list[Reject]]]:
    """Rows of all the requests together, and the rejects of each."""
    try:
        return _rows(signal, checked), [list(one.rejects) for one in checked]
    except IrregularError as error:
        examined = list(_examined(signal, checked, error.records))
        return _rows(signal, examined), [list(one.rejects) for one in examined]


def _rows(signal: str, checked: Sequence[Checked]) -> Rows | FewRows:
    payloads = [payload for one in checked for payload in one.payloads]
    wires = [wire for one in checked for wire in one.wires]
    kept = wires if any(wires) else None
    if signal in _ARROW and sum(map(len, payloads)) > _SMALL:
        return _ARROW[signal](payloads, kept)
    return plain.decode(signal, _PLAIN[signal], payloads, kept)


def _examined(
    signal: str, checked: Sequence[Checked], irregular: frozenset[int]
) -> Iterator[Checked]:
    """The same requests with the irregular records, by place in all of them, looked at."""
    place = 0
    for one in checked:
        found = Sorted(rejects=list(one.rejects))
        for payload, wire in zip(one.payloads, one.wires, strict=True):
            records = range(place, place := place + careful.count(signal, payload))
            suspects = frozenset(p - records.start for p in irregular if p in records)
            if suspects:
                found.extend(careful.sort(signal, payload, suspects))
            else:
                found.add(payload, wire)
        yield Checked(found.payloads, found.wires, found.rejects)
