"""Hold what an export is asked for, read from a command's words."""

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from spanledger_exporters.errors import UsageError


class Format(StrEnum):
    """The shapes of training data."""

    OPENAI = "openai"
    TRL_SFT = "trl-sft"
    TRL_DPO = "trl-dpo"
    TRL_KTO = "trl-kto"
    PROMPT_COMPLETION = "prompt-completion"
    ATIF = "atif"
    STS = "sts"
    PLAN = "plan"


_OUTCOMES: Final = {
    "done": "completed",
    "success": "completed",
    "failure": "failed",
    "cancelled": "abandoned",
}
_PLAN_STATUSES: Final = frozenset(
    {"draft", "active", "paused", "completed", "failed", "abandoned", "superseded"}
)
_AGO: Final = re.compile(r"(\d{1,6})\s*([mhdw])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HALF: Final = 0.5
_TWO: Final = 2
_NAMES: Final = ("train", "test", "validation")


@dataclass(frozen=True, slots=True)
class Options:
    """What to export and what to leave out. `shares` are the splits by name; empty means one file.

    `since` is an ISO time in UTC; `outcomes` are plan statuses, empty for any.
    """

    format: Format
    out: Path
    shares: tuple[tuple[str, float], ...] = ()
    seed: int = 0
    since: str | None = None
    outcomes: frozenset[str] = frozenset()
    max_chars: int | None = None
    redact: bool = False
    verified: bool = False
    min_success: float = 0.0
    consent: str | None = None
    dry_run: bool = False

    @property
    def is_parquet(self) -> bool:
        """Whether the rows go to Parquet; JSON lines otherwise."""
        return self.out.suffix == ".parquet"


def outcomes(text: str | None) -> frozenset[str]:
    """Plan statuses from a list with commas; `done` and other words for them too."""
    words = {word.strip().lower() for word in (text or "").split(",") if word.strip()}
    if "any" in words:
        return frozenset()
    found = frozenset(_OUTCOMES.get(word, word) for word in words)
    unknown = found - _PLAN_STATUSES
    if unknown:
        raise UsageError(
            f"--outcome {min(unknown)}: no such outcome; there are: any,"
            f" {', '.join(sorted(_PLAN_STATUSES))}"
        )
    return found


def since(text: str | None, now: dt.datetime) -> str | None:
    """An ISO time in UTC, from one with or without a zone, or from `90m`, `24h`, `7d`, `2w`."""
    if not text:
        return None
    ago = _AGO.fullmatch(text.strip())
    if ago:
        moment = now - dt.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    else:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise UsageError(f"--since {text}: give a date, a time, or 24h, 7d, 2w") from error
    if moment.tzinfo is not None:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return moment.isoformat(sep=" ")


def shares(text: str | None) -> tuple[tuple[str, float], ...]:
    """Splits by name: `train=0.8,test=0.2`, `80/10/10`, or one number.

    A number from 0.5 on is the training share, a smaller one what is held out.
    """
    if not text:
        return ()
    try:
        named = _named(text)
    except ValueError as error:
        raise UsageError(f"--split {text}: give 0.1, 90/10, or train=0.8,test=0.2") from error
    total = sum(share for _, share in named)
    if len(named) < _TWO or total <= 0 or any(share <= 0 for _, share in named):
        raise UsageError(f"--split {text}: every part needs a share above 0")
    if len({name for name, _ in named}) < len(named):
        raise UsageError(f"--split {text}: every part needs a name of its own")
    return tuple((name, share / total) for name, share in named)


def _named(text: str) -> list[tuple[str, float]]:
    if "=" in text:
        pairs = (part.partition("=") for part in text.split(","))
        named = [(name.strip(), float(share)) for name, _, share in pairs]
        if not all(re.fullmatch(r"[A-Za-z0-9_]{1,40}", name) for name, _ in named):
            raise ValueError(text)
        return named
    numbers = [float(part) for part in re.split(r"[/:,]", text)]
    if len(numbers) == 1:
        number = numbers[0] / 100 if numbers[0] > 1 else numbers[0]
        train = number if number >= _HALF else 1 - number
        return [("train", train), ("test", 1 - train)]
    if len(numbers) > len(_NAMES):
        raise ValueError(text)
    names = ("train", "validation", "test") if len(numbers) > _TWO else _NAMES
    return list(zip(names, numbers, strict=False))
