"""Tell the plan ledger what an agent plans and does; nothing heavier than OpenTelemetry's API.

Names are loaded when they are first used: importing the package costs nothing. `setup` and
`LedgerSpanProcessor` load OpenTelemetry's SDK.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spanledger._agents import agent as agent
    from spanledger._agents import agent_status as agent_status
    from spanledger._calls import llm_call as llm_call
    from spanledger._calls import tool_call as tool_call
    from spanledger._carriers import environment as environment
    from spanledger._carriers import extract as extract
    from spanledger._carriers import inject as inject
    from spanledger._emit import emit as emit
    from spanledger._emit import faults as faults
    from spanledger._emit import using as using
    from spanledger._limits import rate_limited as rate_limited
    from spanledger._planning import continue_plan as continue_plan
    from spanledger._planning import plan as plan
    from spanledger._planning import start_plan as start_plan
    from spanledger._plans import Plan as Plan
    from spanledger._processor import LedgerSpanProcessor as LedgerSpanProcessor
    from spanledger._scope import carry as carry
    from spanledger._scope import current as current
    from spanledger._sessions import run as run
    from spanledger._sessions import session as session
    from spanledger._setup import setup as setup
    from spanledger._steps import Step as Step
    from spanledger._steps import step as step
    from spanledger.actions import record_action as record_action
    from spanledger.errors import capture_errors as capture_errors
    from spanledger.errors import install_excepthook as install_excepthook
    from spanledger.errors import record_error as record_error
    from spanledger.locks import lock as lock
    from spanledger.memory import measured as measured
    from spanledger.memory import run_measured as run_measured
    from spanledger.memory import watch_memory as watch_memory
    from spanledger.redaction import redact as redact
    from spanledger.state import state_changed as state_changed
    from spanledger.state import watch_state as watch_state

__version__ = "0.1.0"

_FOUND_IN = {
    "LedgerSpanProcessor": "_processor",
    "Plan": "_plans",
    "Step": "_steps",
    "agent": "_agents",
    "agent_status": "_agents",
    "capture_errors": "errors",
    "carry": "_scope",
    "continue_plan": "_planning",
    "current": "_scope",
    "emit": "_emit",
    "environment": "_carriers",
    "extract": "_carriers",
    "faults": "_emit",
    "inject": "_carriers",
    "install_excepthook": "errors",
    "llm_call": "_calls",
    "lock": "locks",
    "measured": "memory",
    "plan": "_planning",
    "rate_limited": "_limits",
    "record_action": "actions",
    "record_error": "errors",
    "redact": "redaction",
    "run": "_sessions",
    "run_measured": "memory",
    "session": "_sessions",
    "setup": "_setup",
    "start_plan": "_planning",
    "state_changed": "state",
    "step": "_steps",
    "tool_call": "_calls",
    "using": "_emit",
    "watch_memory": "memory",
    "watch_state": "state",
}
"""The module of each public name."""


def __getattr__(name: str) -> Any:
    module = _FOUND_IN.get(name)
    if module is None:
        raise AttributeError(f"module 'spanledger' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"spanledger.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted((*globals(), *_FOUND_IN))
