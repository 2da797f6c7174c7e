"""Tell of exceptions what was known where they happened: `capture_errors`, `install_excepthook`."""

import asyncio
import functools
import inspect
import os
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar, cast, overload

from opentelemetry._logs import SeverityNumber

from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._text import disabled
from spanledger.errors_reports import Found, report
from spanledger.errors_values import Choice

__all__ = ["ErrorCapture", "capture_errors", "install_excepthook", "record_error"]

P = ParamSpec("P")
R = TypeVar("R")

_MARK = "__spanledger_told__"


@overload
def capture_errors(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def capture_errors(
    function: None = None,
    /,
    *,
    state_key: str = ...,
    state: object = ...,
    allow: Iterable[str] | None = ...,
    deny: Iterable[str] = ...,
) -> "ErrorCapture": ...
def capture_errors(
    function: Callable[P, R] | None = None,
    /,
    *,
    state_key: str = "state",
    state: object = None,
    allow: Iterable[str] | None = None,
    deny: Iterable[str] = (),
) -> "Callable[P, R] | ErrorCapture":
    """Tell of every exception that leaves a function or a `with` block, and let it go on.

    As `@capture_errors`, `@capture_errors(...)`, `with` or `async with`. `state` is what the agent
    worked on, or a function that gives it: told by hash, and itself if content is told. Variables
    are shown by name: those in `allow` (default all), never those in `deny`.
    SPANLEDGER_CAPTURE_ERRORS=0 switches it off.
    """
    found = None if state is None else Found(state_key, state)
    names = None if allow is None else frozenset(allow)
    capture = ErrorCapture(Choice(names, frozenset(deny)), found)
    return capture if function is None else capture(function)


def record_error(
    error: BaseException, *, choice: Choice | None = None, found: Found | None = None
) -> None:
    """Tell of an exception with its context, once however many blocks it passes. Never raises."""
    if isinstance(error, Exception) and is_on():
        with guarded("telling an error"):
            if _mark(error):
                told = report(error, choice or Choice(), found)
                emit(a.ERROR_CAPTURED, told, severity=SeverityNumber.ERROR)


def is_on() -> bool:
    """Whether errors are told: SPANLEDGER_CAPTURE_ERRORS is not off."""
    word = os.environ.get("SPANLEDGER_CAPTURE_ERRORS", "").strip().lower()
    return word not in ("0", "false", "off", "no", "none") and not disabled()


def _mark(error: BaseException) -> bool:
    """Whether it is new; a note in its dictionary, without going through its class."""
    kept = BaseException.__getattribute__(error, "__dict__")
    if _MARK in kept:
        return False
    kept[_MARK] = True
    return True


class ErrorCapture:
    """What `capture_errors(...)` gives: a decorator and a context manager, for many uses."""

    def __init__(self, choice: Choice, found: Found | None) -> None:
        self._choice, self._found = choice, found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        if error is not None:
            record_error(error, choice=self._choice, found=self._found)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_back: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace_back)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The same function, whose exceptions are told; generators and coroutines stay such."""
        return functools.wraps(function)(cast("Callable[P, R]", self._around(function)))

    def _around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):
            return self._around_coroutine(function)
        if inspect.isasyncgenfunction(function):
            return self._around_async_generator(function)
        if inspect.isgeneratorfunction(function):
            return self._around_generator(function)

        def captured(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return captured

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def captured(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return captured

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def captured(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self:
                return (yield from function(*args, **kwargs))

        return captured

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def captured(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
            with self:
                async for item in function(*args, **kwargs):
                    yield item

        return captured


def install_excepthook(
    *, threads: bool = True, loop: asyncio.AbstractEventLoop | None = None
) -> Callable[[], None]:
    """Tell of exceptions nobody catches, then do what was done before; gives the way back.

    Those of the main thread, of `threads`, and of an event loop's forgotten tasks if it is given.
    """
    undo = [_hook_main()]
    if threads:
        undo.append(_hook_threads())
    if loop is not None:
        undo.append(_hook_loop(loop))

    def uninstall() -> None:
        for step in undo:
            step()

    return uninstall


def _hook_main() -> Callable[[], None]:
    before = sys.excepthook

    def on_exception(
        kind: type[BaseException], error: BaseException, trace_back: TracebackType | None
    ) -> None:
        record_error(error)
        before(kind, error, trace_back)

    def undo() -> None:
        # Whoever came after us keeps us in its chain.
        if sys.excepthook is on_exception:
            sys.excepthook = before

    sys.excepthook = on_exception
    return undo


def _hook_threads() -> Callable[[], None]:
    before = threading.excepthook

    def on_exception(args: threading.ExceptHookArgs, /) -> None:
        if args.exc_value is not None:
            record_error(args.exc_value)
        before(args)

    def undo() -> None:
        if threading.excepthook is on_exception:
            threading.excepthook = before

    threading.excepthook = on_exception
    return undo


def _hook_loop(loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
    before = loop.get_exception_handler()

    def on_loop_exception(of: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            record_error(error)
        if before is None:
            of.default_exception_handler(context)
        else:
            before(of, context)

    loop.set_exception_handler(on_loop_exception)
    return lambda: loop.set_exception_handler(before)
