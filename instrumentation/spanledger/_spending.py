"""Sum up what the model calls of a plan took, as far as they were told in this process."""

from collections.abc import Mapping
from typing import Final

from spanledger import attributes as a
from spanledger._forks import ForkSafeLock

_LOCK: Final = ForkSafeLock()
_SUMMED: Final = (a.INPUT_TOKENS, a.OUTPUT_TOKENS, a.COST_USD)


class Spending:
    """Tokens and US dollars; nothing is told of what no call said."""

    def __init__(self) -> None:
        self._sums: dict[str, int | float] = {}

    def add(self, about: Mapping[str, object]) -> None:
        """Count a call for what its attributes say."""
        for key in _SUMMED:
            amount = about.get(key)
            if isinstance(amount, int | float):
                with _LOCK:
                    self._sums[key] = self._sums.get(key, 0) + amount

    def told(self) -> dict[str, int | float]:
        """The sums as attributes of the plan's outcome."""
        with _LOCK:
            return dict(self._sums)
