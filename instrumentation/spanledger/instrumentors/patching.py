"""Put our functions in the place of others, and take them away again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from spanledger.locks_lives import Tag
from spanledger.locks_taking import Holds

_MISSING: Final = object()
_TOLD: Final = "_spanledger_told"


@dataclass(slots=True)
class Told:
    """What is kept on a lock object that is told of."""

    tag: Tag
    holds: Holds = field(default_factory=Holds)


class Instrumentor:
    """What `opentelemetry-instrument` calls: the shape of OpenTelemetry's BaseInstrumentor.

    Its own class, because that one lives in a package that nothing else here needs. Whoever makes
    one gets the same instrumentation: it is switched on and off for the process.
    """

    _patches: "Patches"

    def __init_subclass__(cls) -> None:
        cls._patches = Patches()

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Whether it is on."""
        return self._patches.are_in_place

    def instrumentation_dependencies(self) -> Collection[str]:
        """What must be installed, as requirements."""
        return ()

    def instrument(self, **_options: Any) -> None:
        """Switch it on; a second time changes nothing."""
        if not self._patches.are_in_place:
            self.put_in_place(self._patches)

    def uninstrument(self, **_options: Any) -> None:
        """Switch it off; locks made meanwhile stay as they are."""
        self._patches.undo()

    def put_in_place(self, patches: "Patches") -> None:
        """What each kind of lock needs."""
        raise NotImplementedError


class Patches:
    """What was replaced, so that it can be put back."""

    def __init__(self) -> None:
        self._before: list[tuple[object, str, object]] = []

    @property
    def are_in_place(self) -> bool:
        """Whether anything is replaced."""
        return bool(self._before)

    def put(self, owner: object, name: str, new: Callable[..., Any]) -> None:
        """Replace an attribute of a module or class."""
        self._before.append((owner, name, vars(owner).get(name, _MISSING)))
        setattr(owner, name, new)

    def undo(self) -> None:
        """Everything as it was."""
        while self._before:
            owner, name, old = self._before.pop()
            if old is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, old)


def tell_of(lock: object, tag: Tag) -> Told:
    """From now on this lock is told of."""
    told = Told(tag)
    setattr(lock, _TOLD, told)
    return told


def told_of(lock: object) -> Told | None:
    """What is kept on this lock, None if it is not told of."""
    found = getattr(lock, _TOLD, None)
    return found if isinstance(found, Told) else None
