"""Compare two states: canonical JSON, hashes, and the JSON Patch (RFC 6902) between them."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final

from spanledger.errors_values import class_of
from spanledger.redaction import is_secret_name, masked

# jsonpatch compares lists item by item: 256 KiB take it half a second at worst.
_MAX_COMPARED: Final = 256 * 1024
_LOG: Final = logging.getLogger("spanledger")


@dataclass(frozen=True, slots=True)
class Print:
    """A state's fingerprint: SHA-256 and bytes of its canonical JSON."""

    hash: str
    size: int
    text: str


def canonical(value: object) -> str:
    """JSON with sorted keys and no spaces: equal for equal states.

    What JSON has no type for is named by its class, sets are sorted; ValueError for a ring.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
    )


def _plain(value: object) -> object:
    made = type(value)
    if made is set or made is frozenset:
        return sorted(map(canonical, _items(value)))
    return class_of(value)


def _items(value: Any) -> list[object]:
    return list(value)


def fingerprint(value: object) -> Print:
    """Hash and size of a state."""
    text = canonical(value)
    encoded = text.encode("utf-8", "surrogatepass")
    return Print(hashlib.sha256(encoded).hexdigest(), len(encoded), text)


def patch_between(before: Print | None, after: Print | None) -> list[dict[str, Any]] | None:
    """What leads from one state to the other; None if that is not known.

    It is not for large states, and not without jsonpatch (the extra `spanledger[state]`).
    """
    if before is None:
        return [] if after is None else [{"op": "add", "path": "", "value": json.loads(after.text)}]
    if after is None:
        return [{"op": "remove", "path": ""}]
    library = _jsonpatch()
    if library is None or before.size + after.size > _MAX_COMPARED:
        return None
    made = library.make_patch(json.loads(before.text), json.loads(after.text))
    return list(made.patch)


@cache
def _jsonpatch() -> ModuleType | None:
    try:
        import jsonpatch  # noqa: PLC0415 - an extra, and 40 ms to load
    except ImportError:
        _LOG.warning("state changes are told without patches: pip install 'spanledger[state]'")
        return None
    return jsonpatch


def masked_patch(patch: Sequence[Mapping[str, Any]]) -> list[object]:
    """The patch with its secrets masked, by path and by content."""
    return [_masked_operation(operation) for operation in patch]


def _masked_operation(operation: Mapping[str, Any]) -> object:
    path = str(operation.get("path", ""))
    if operation.get("value") is not None and is_secret_name(path.rpartition("/")[2]):
        return {**operation, "value": "[redacted:name]"}
    return masked(operation)
