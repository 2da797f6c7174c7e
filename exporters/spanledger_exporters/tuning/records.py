"""Name the columns that the files of queries/datasets give, in their order."""

from typing import Final, NamedTuple

_REFUSING: Final = frozenset(
    {"reject", "rejected", "deny", "denied", "abort", "aborted", "decline"}
)


class Row(NamedTuple):
    """A model call as `conversations` gives it, columns in that order."""

    session_id: str
    agent: str | None
    dialect: str | None
    model: str
    plan_id: str | None
    step_id: str | None
    trace_id: str
    span_id: str
    started_us: int | None
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cost_usd: float | None
    finish_reason: str | None
    error: str | None
    redacted: bool
    mode: str
    heard: str | None
    said: str | None
    told: str | None
    tools: str | None
    version: str | None
    step_status: str | None
    plan_status: str | None


class Outcome(NamedTuple):
    """A tool call as `tool_outcomes` gives it."""

    session_id: str
    call_id: str | None
    tool: str
    ok: bool | None
    decision: str | None
    agent: str | None = None
    started_us: int | None = None

    @property
    def is_refused(self) -> bool:
        """Whether a person or a policy said no."""
        return (self.decision or "").lower() in _REFUSING


class Plan(NamedTuple):
    """A plan as `plan_tuning` gives it; `steps` is JSON."""

    session_id: str
    plan_id: str
    agent: str | None
    dialect: str | None
    trace_id: str | None
    request: str | None
    goal: str | None
    outcome: str
    revision: int
    steps: str


class Feedback(NamedTuple):
    """A judgement as `feedback` gives it."""

    session_id: str | None
    plan_id: str | None
    step_id: str | None
    trace_id: str | None
    span_id: str | None
    at: object
    name: str | None
    label: str | None
    score: float | None
    explanation: str | None
    good: bool | None
