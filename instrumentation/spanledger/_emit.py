"""Hand events and spans to OpenTelemetry's API, and never an exception to the agent."""

import contextlib
import functools
import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from types import TracebackType
from typing import Final, ParamSpec

from opentelemetry import trace
from opentelemetry._logs import Logger, LoggerProvider, SeverityNumber, get_logger
from opentelemetry.context import Context
from opentelemetry.util.types import AnyValue, AttributeValue

from spanledger import __version__, _scope
from spanledger import attributes as a
from spanledger._text import Cut, clean, content, disabled, force_content, title

__all__ = ["content", "emit", "faults", "guarded", "title", "tracer", "using"]

P = ParamSpec("P")

SCOPE: Final = "spanledger"
GENAI_SCOPE: Final = "spanledger-genai"
"""Model and tool calls are told as the GenAI conventions have it, not in our own vocabulary."""
_LOG: Final = logging.getLogger(SCOPE)
_FAULTS: Final = Counter[str]()
_NO_TRACER: Final = trace.NoOpTracer()


class _Providers:
    """Where telemetry goes: OpenTelemetry's global providers, unless others are named."""

    def __init__(self) -> None:
        self.use(None, None)

    def use(self, tracers: trace.TracerProvider | None, loggers: LoggerProvider | None) -> None:
        """Take these from now on, all over the process; None for the global ones."""
        # Before there is a provider the API gives proxies, which find it when it is there.
        self.logger: Logger = get_logger(SCOPE, __version__, loggers)
        self.tracers = {
            name: trace.get_tracer(name, __version__, tracers) for name in (SCOPE, GENAI_SCOPE)
        }


PROVIDERS: Final = _Providers()


@contextlib.contextmanager
def using(
    tracers: trace.TracerProvider,
    loggers: LoggerProvider,
    *,
    capture_content: bool | None = None,
) -> Generator[None]:
    """Send what spanledger tells to these providers for a while, not to the global ones.

    For the whole process, not only for this thread: for tests and demonstrations. With
    `capture_content` texts are told, or not, whatever SPANLEDGER_CAPTURE_CONTENT says.
    """
    PROVIDERS.use(tracers, loggers)
    force_content(forced=capture_content)
    try:
        yield
    finally:
        PROVIDERS.use(None, None)
        force_content(forced=None)


def tracer(scope: str = SCOPE) -> trace.Tracer:
    """The tracer of the ledger's spans; one that does nothing while recording is off."""
    return _NO_TRACER if disabled() else PROVIDERS.tracers[scope]


def emit(
    event: str,
    attributes: Mapping[str, AttributeValue],
    *,
    body: AnyValue = None,
    severity: SeverityNumber = SeverityNumber.INFO,
    context: Context | None = None,
    at_ns: int | None = None,
) -> None:
    """Tell that something happened, now or `at_ns` (unix nanoseconds).

    The record belongs to the active span of `context`, by default of the running code, and names
    that context's session, agent, run, plan and step unless `attributes` do. An attribute that is
    None is left out. Never raises.
    """
    try:
        if disabled():
            return
        PROVIDERS.logger.emit(
            timestamp=at_ns or time.time_ns(),
            context=_scope.here() if context is None else context,
            severity_number=severity,
            severity_text=severity.name,
            body=clean(body),
            attributes=_told(event, attributes, _scope.current(context)),
            event_name=event,
        )
    except Exception as error:  # noqa: BLE001 - the agent is not to suffer from being recorded
        complain(f"telling {event}", error)


def _told(
    event: str, attributes: Mapping[str, AttributeValue], scope: _scope.Scope
) -> dict[str, AnyValue]:
    told: dict[str, AnyValue] = {a.EVENT_NAME: event, **scope.ids()}
    cut: list[str] = []
    for key, value in attributes.items():
        if value is None:
            continue
        if type(value) is str and value.isascii():  # nearly all: 1 µs a record less than a call
            told[key] = value
            continue
        told[key] = clean(value)
        if type(value) is Cut:
            cut.append(key)
    if cut:
        told[a.TRUNCATED] = cut
    return told


class guarded:  # noqa: N801 - reads as a keyword: `with guarded("…")`, `@guarded("…")`
    """Turn a fault of ours into one log line. Around our own code only, never the agent's.

    As a decorator it is for functions that return nothing.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        complain(self._what, error)
        return True

    def __call__(self, function: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(function)
        def quiet(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except Exception as error:  # noqa: BLE001 - what this is for
                complain(self._what, error)

        return quiet


def complain(what: str, error: BaseException) -> None:
    """Count a fault of ours; log the first of each kind."""
    with contextlib.suppress(Exception):
        kind = f"{what}: {type(error).__name__}"
        _FAULTS[kind] += 1
        if _FAULTS[kind] == 1:
            _LOG.warning("spanledger failed at %s (%s); said once", what, type(error).__name__)


def faults() -> dict[str, int]:
    """How often spanledger itself failed in this process, by kind; empty when all is well."""
    return dict(_FAULTS)
