"""Remember what came lately: requests by hash, spans by content."""

import array
import contextlib
import itertools
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from spanledger_exporters.decoding import text
from spanledger_exporters.decoding.rows import FewRows, Rows
from spanledger_exporters.storing import recovery
from spanledger_exporters.storing.layout import SIGNALS, Layout

WINDOW_S: Final = 600
_MOST_REQUESTS: Final = 200_000
_SPANS_A_GENERATION: Final = 100_000


@dataclass(slots=True)
class RecentRequests:
    """The receipts of the requests of the last ten minutes, restarts included."""

    _receipts: OrderedDict[str, tuple[float, tuple[int, str]]] = field(default_factory=OrderedDict)

    def load(self, layout: Layout) -> None:
        """Learn from the journal what an earlier process acknowledged; retries are still due."""
        since = time.time() - WINDOW_S
        # A file is filed under the day of its first record, and takes some more of them.
        day = datetime.fromtimestamp(since, UTC).date() - timedelta(days=1)
        for signal in SIGNALS:
            for path in (*layout.kept_files(signal, day), *layout.hot_files(signal)):
                for key in _hashes_since(path, since):
                    self.remember(key, (0, ""))

    def receipt(self, key: str) -> tuple[int, str] | None:
        """What the request was answered before; None when it is new."""
        found = self._receipts.get(key)
        return found[1] if found and time.monotonic() - found[0] < WINDOW_S else None

    def remember(self, key: str, receipt: tuple[int, str]) -> None:
        """Answer a retry of this request the same way from now on."""
        self._receipts[key] = (time.monotonic(), receipt)
        if len(self._receipts) > _MOST_REQUESTS:
            self._receipts.popitem(last=False)


@dataclass(slots=True)
class RecentSpans:
    """The contents of the last 100,000 to 200,000 spans, as numbers: about 20 MB.

    Catches a span that comes again in another request before it is in a segment; after that
    `repeats.py` does.
    """

    _young: dict[int, int] = field(default_factory=dict)
    _old: dict[int, int] = field(default_factory=dict)

    def number(self, found: Rows | FewRows) -> tuple[Rows | FewRows, Mapping[int, int]]:
        """The rows, with `delivery` above 1 on those that came before; and what to remember."""
        keys = _keys(found)
        counts = dict.fromkeys(keys, 1)
        if len(counts) == len(keys) and not self._known(counts):
            return found, counts
        return self._numbered(found, keys)

    def _known(self, counts: Mapping[int, int]) -> bool:
        # Two views: of a view and a dict, the dict is gone through, however long it is.
        seen = (self._young.keys(), self._old.keys())
        return not all(generation.isdisjoint(counts.keys()) for generation in seen)

    def _numbered(
        self, found: Rows | FewRows, keys: Sequence[int]
    ) -> tuple[Rows | FewRows, Mapping[int, int]]:
        later: dict[int, int] = {}
        counts: dict[int, int] = {}
        for place, key in enumerate(keys):
            count = counts.get(key) or self._young.get(key) or self._old.get(key, 0)
            counts[key] = count + 1
            if count:
                later[place] = count + 1
        return (_with_deliveries(found, later) if later else found), counts

    def remember(self, counts: Mapping[int, int]) -> None:
        """Count these from now on: they are durable. A retry of what failed is no copy."""
        self._young.update(counts)
        if len(self._young) > _SPANS_A_GENERATION:
            self._old, self._young = self._young, {}


def _hashes_since(path: Path, since: float) -> Iterator[str]:
    """Nothing from older files, nor from one that is being published away or is damaged."""
    with contextlib.suppress(OSError, recovery.DamagedFileError):
        if path.stat().st_mtime >= since:
            yield from recovery.request_hashes(path)


def _keys(found: Rows | FewRows) -> list[int]:
    """A number for each span's whole content: its id, and the CRC-32 of its text beside it."""
    if isinstance(found, FewRows):
        ids = "".join(row["span_id"] for row in found.rows)
        checks = [zlib.crc32(members.encode()) for members in found.members]
    else:
        ids = str(text.bytes_of(found.columns["span_id"]), "ascii")
        content, ends = text.bytes_of(found.members), text.ends_of(found.members).to_pylist()
        bounds = itertools.pairwise(ends)
        checks = [zlib.crc32(content[a - ends[0] : b - ends[0]]) for a, b in bounds]
    numbers = array.array("Q", bytes.fromhex(ids))
    return [number ^ check << 32 for number, check in zip(numbers, checks, strict=True)]


def _with_deliveries(found: Rows | FewRows, later: Mapping[int, int]) -> Rows:
    rows = found.as_columns() if isinstance(found, FewRows) else found
    deliveries = pa.array([later.get(place) for place in range(rows.count)], pa.int32())
    more = text.members({"delivery": text.by_type(deliveries)})
    return Rows(
        rows.signal,
        rows.count,
        {**rows.columns, "delivery": deliveries},
        pc.binary_join_element_wise(rows.members, more, text.constant("")),
    )
