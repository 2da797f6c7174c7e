"""Carry session, plan, step and trace into other processes, as W3C headers or variables."""

from collections.abc import Mapping, MutableMapping
from typing import Self

from opentelemetry.context import Context, get_current

from spanledger import _scope
from spanledger._emit import guarded
from spanledger._entered import Entered
from spanledger._text import plain


@guarded("writing a carrier")
def inject(carrier: MutableMapping[str, str]) -> None:
    """Add `traceparent`, `tracestate` and `baggage` to headers or a message, from here and now."""
    carrier.update(_headers())


def environment() -> dict[str, str]:
    """The variables a child process needs to go on here: `{**os.environ, **environment()}`."""
    told: dict[str, str] = {}
    with guarded("writing an environment"):
        told.update({key.upper(): value for key, value in _headers().items()})
    return told


def _headers() -> dict[str, str]:
    return _scope.to_headers(_scope.with_scope(_scope.current(), _scope.here()))


class Extracted(Entered):
    """What `extract` found; as a context manager, the code inside goes on there."""

    def __init__(self, carrier: Mapping[str, str]) -> None:
        self._carrier = carrier
        self.context = Context()
        """OpenTelemetry's context with the sender's span and scope."""
        with guarded("reading a carrier"):
            headers = {plain(key): plain(value) for key, value in carrier.items()}
            self.context = _scope.from_headers(headers, get_current())

    @property
    def plan_id(self) -> str | None:
        """The sender's plan."""
        return _scope.current(self.context).plan_id

    @property
    def session_id(self) -> str | None:
        """The sender's session."""
        return _scope.current(self.context).session_id

    def _enter(self) -> None:
        self._go_into(self.context)

    def _leave(self, error: BaseException | None) -> None:
        """Nothing is left to do."""

    def _again(self) -> Self:
        return type(self)(self._carrier)


def extract(carrier: Mapping[str, str]) -> Extracted:
    """Go on where the sender of headers or of a message was: `with spanledger.extract(headers):`.

    What the variables TRACEPARENT and BAGGAGE say needs no call.
    """
    return Extracted(carrier)
