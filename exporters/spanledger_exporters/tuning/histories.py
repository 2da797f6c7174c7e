"""Read conversations that begin like the one before, without reading the beginning again.

With each call of a session its history comes again, one message longer: read whole each time, it
took three quarters of an export.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from spanledger_exporters.decoding.messages import Message, messages_in
from spanledger_exporters.decoding.values import Json
from spanledger_exporters.tuning import chat
from spanledger_exporters.tuning.chat import Call, RefusedError, Said


@dataclass(slots=True)
class Histories:
    """Reads the histories of one agent, one after the other."""

    _text: str = ""
    _found: list[Message] = field(default_factory=list[Message])

    def read(self, text: str) -> list[Message]:
        """The messages of a whole history, as `chat.messages` gives them."""
        new = self._new(text)
        if new is None:
            found = chat.messages(text)
            if not text.lstrip().startswith("["):
                return found
        else:
            found = [*self._found, *messages_in(new)]
        self._text, self._found = text, found
        return found

    def _new(self, text: str) -> list[Json] | None:
        """What comes after the history before; None when that is not the beginning of this one."""
        begin = self._text.rstrip().removesuffix("]")
        if not begin or not text.startswith(begin):
            return None
        # After a whole list without its bracket a comma can only part it from the next item.
        rest = text[len(begin) :].lstrip()
        value = chat.parsed(f"[{rest[1:]}") if rest.startswith(",") else None
        # `[1,]` is broken, but the `[]` it would leave is not.
        return value if isinstance(value, list) and value else None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said, with a key for every beginning of it, the empty one first."""

    said: tuple[Said, ...]
    keys: tuple[bytes, ...]


@dataclass(slots=True, eq=False)
class Talk:
    """A point in a conversation; what came after it is worked out once, however often told."""

    said: tuple[Said, ...] = ()
    """What was said last."""
    keys: tuple[bytes, ...] = ()
    """One for each of those."""
    key: bytes = b""
    """The same for the same conversation up to here."""
    systems: frozenset[Said] = frozenset()
    count: int = 0
    """How much was said up to here."""
    open: tuple[Call, ...] = ()
    """Calls that nothing has answered yet."""
    _after: dict[Message, "Talk"] = field(default_factory=dict[Message, "Talk"])

    def then(self, message: Message) -> "Talk":
        """The conversation with one more message. Raises RefusedError if that cannot be."""
        after = self._after.get(message)
        if after is None:
            after = self._after[message] = self._grown(message)
        return after

    def _grown(self, message: Message) -> "Talk":
        said, still_open = (
            chat.answered(message, self.open)
            if message.role == "tool"
            else self._spoken(chat.said(message, self.count))
        )
        keys = chat.keys(said, self.key)
        systems = self.systems.union(one for one in said if one.role == "system")
        return Talk(said, keys[1:], keys[-1], systems, self.count + len(said), still_open)

    def _spoken(self, said: Said) -> tuple[tuple[Said, ...], tuple[Call, ...]]:
        if self.open:
            raise RefusedError("a tool call without an answer")
        return ((), ()) if said in self.systems else ((said,), said.calls)


def conversation(told: Iterable[Message], begin: Talk | None = None) -> Conversation:
    """A conversation in which every tool call is answered once, right after it was asked for.

    Raises RefusedError for anything else, and for content that is hidden, cut or not text. The
    calls of the last message may be open. `begin` is where all talk of one agent starts.
    """
    talk = begin or Talk()
    said: list[Said] = []
    keys: list[bytes] = [talk.key]
    for message in chat.merged(told):
        talk = talk.then(message)
        said += talk.said
        keys += talk.keys
    if talk.open and said[-1].role != "assistant":
        raise RefusedError("a tool call without an answer")
    return Conversation(tuple(said), tuple(keys))
