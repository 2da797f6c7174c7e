"""Give anything that begins and ends three forms: `with`, `async with` and decorator."""

import functools
import inspect
from collections.abc import Callable, Coroutine
from contextvars import Token
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast

from opentelemetry.context import Context

from spanledger._emit import guarded
from spanledger._scope import enter, leave

P = ParamSpec("P")
R = TypeVar("R")


class Entered:
    """Something that is begun by `_enter` and ended by `_leave`, neither of which is heard failing.

    While the block runs, the context given to `_go_into` is the running code's.

    As a decorator it is made anew by `_again` for every call, coroutine functions included; of a
    generator it would only see how it is made.
    """

    _token: Token[Context] | None = None

    def _enter(self) -> None:
        raise NotImplementedError

    def _leave(self, error: BaseException | None) -> None:
        raise NotImplementedError

    def _again(self) -> Self:
        raise NotImplementedError

    def _go_into(self, context: Context) -> None:
        self._token = enter(context)

    def __enter__(self) -> Self:
        """Begin."""
        with guarded(f"beginning a {type(self).__name__.lower()}"):
            self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        """End; an exception goes on outward as it is."""
        with guarded(f"ending a {type(self).__name__.lower()}"):
            self._leave(error)
        token, self._token = self._token, None
        if token is not None:
            leave(token)

    async def __aenter__(self) -> Self:
        """Begin."""
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        """End; an exception goes on outward as it is."""
        self.__exit__(kind, error, trace_back)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Do the same around every call of a function."""
        if inspect.iscoroutinefunction(function):
            return cast("Callable[P, R]", self._around_coroutine(function))

        @functools.wraps(function)
        def around(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return function(*args, **kwargs)

        return around

    def _around_coroutine(
        self, function: Callable[P, Coroutine[Any, Any, R]]
    ) -> Callable[P, Coroutine[Any, Any, R]]:
        @functools.wraps(function)
        async def around(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return await function(*args, **kwargs)

        return around
