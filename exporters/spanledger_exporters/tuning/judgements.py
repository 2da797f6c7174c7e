"""Write a person's judgement into the ledger, as the event that evaluators send too."""

import dataclasses
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import SEVERITY_NUMBER_INFO

from spanledger import attributes as a
from spanledger_exporters.errors import NotFoundError, UsageError
from spanledger_exporters.reading.ledger import Ledger
from spanledger_exporters.receiving.answers import Door
from spanledger_exporters.storing.store import Store, StoreOptions

_PUBLISH_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """What is judged: a call, a step, a plan or a session, by the ids that name it."""

    session_id: str | None
    plan_id: str | None = None
    step_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None

    def ids(self) -> dict[str, str]:
        """Those that there are."""
        named = dataclasses.asdict(self)
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of it, as OpenTelemetry's conventions name it. Raises UsageError for nothing."""

    name: str
    label: str | None = None
    score: float | None = None
    explanation: str | None = None

    def __post_init__(self) -> None:
        if not self.label and self.score is None:
            raise UsageError("say what you think of it: a label (good, bad, …) or a score (0.8)")
        if self.score is not None and not math.isfinite(self.score):
            raise UsageError("a score is a number: 0 is worst, 1 is best")


_FINDERS: Final = {
    "session": "SELECT session_id, NULL, NULL, NULL, NULL FROM sessions WHERE session_id = $id",
    "plan": "SELECT session_id, plan_id, NULL, trace_id, NULL FROM plans WHERE plan_id = $id",
    "step": """
        SELECT session_id, plan_id, step_id, trace_id, span_id FROM plan_steps
        WHERE plan_id = $id AND (step_id = $step OR title = $step)
        ORDER BY step_id <> $step""",
    "call": """
        SELECT session_id, NULL, NULL, trace_id, span_id FROM llm_calls
        WHERE span_id = $id OR concat(trace_id, ':', span_id) = $id
        UNION ALL
        SELECT session_id, NULL, NULL, trace_id, span_id FROM llm_calls
        WHERE (trace_id, span_id) IN (SELECT (trace_id, parent_span_id) FROM spans
          WHERE tool_name IS NOT NULL AND span_id = $id)""",
}


def find(ledger: Ledger, kind: str, name: str, step: str | None = None) -> Target:
    """The thing of that kind (`session`, `plan`, `step`, `call`) and id in the ledger.

    A step is named by its plan (of kind `step` or `plan`) and its own id or title. Raises
    NotFoundError, and UsageError for a step of something else.
    """
    if step is not None and kind == "plan":
        kind = "step"
    if (step is None) is (kind == "step"):
        raise UsageError("a step is named by the id of its plan and its own id or title")
    params: dict[str, object] = {"id": name} if step is None else {"id": name, "step": step}
    found = ledger.sql(_FINDERS[kind], params).fetchall()
    if not found:
        what = f"step {step!r} in plan {name!r}" if step is not None else f"{kind} {name!r}"
        raise NotFoundError(f"there is no {what} in the ledger")
    return Target(*found[0])


def record(root: Path, target: Target, judgement: Judgement, options: StoreOptions) -> None:
    """Put a judgement into the ledger of a directory; it is durable when this returns."""
    store = Store.open(root, options)
    try:
        tell(store.intake, target, judgement)
        store.publish(_PUBLISH_S)
    finally:
        store.close()


def tell(door: Door, target: Target, judgement: Judgement) -> None:
    """Hand a judgement in where telemetry goes in; it is durable when this returns."""
    door.submit("logs", request(target, judgement).SerializeToString()).result()


def request(target: Target, judgement: Judgement) -> ExportLogsServiceRequest:
    """The judgement as the OTLP request that tells of it."""
    sent = ExportLogsServiceRequest()
    resource = sent.resource_logs.add()
    resource.resource.attributes.append(_pair("service.name", "spanledger-feedback"))
    scope = resource.scope_logs.add()
    scope.scope.name = "spanledger.feedback"
    now = time.time_ns()
    log = scope.log_records.add(
        time_unix_nano=now,
        observed_time_unix_nano=now,
        event_name=a.EVALUATION_RESULT,
        severity_number=SEVERITY_NUMBER_INFO,
        trace_id=bytes.fromhex(target.trace_id or ""),
        span_id=bytes.fromhex(target.span_id or ""),
    )
    texts = {
        a.EVENT_NAME: a.EVALUATION_RESULT,
        a.SESSION_ID: target.session_id,
        a.PLAN_ID: target.plan_id,
        a.STEP_ID: target.step_id,
        a.EVALUATION_NAME: judgement.name,
        a.EVALUATION_SCORE_LABEL: judgement.label,
        a.EVALUATION_EXPLANATION: judgement.explanation,
    }
    log.attributes.extend(_pair(key, value) for key, value in texts.items() if value is not None)
    if judgement.score is not None:
        value = AnyValue(double_value=judgement.score)
        log.attributes.append(KeyValue(key=a.EVALUATION_SCORE_VALUE, value=value))
    return sent


def _pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
