"""Tell how the state an agent keeps changes: `state_changed`, and `watch_state` for JSON files."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.util.types import AttributeValue

from spanledger import _scope
from spanledger import attributes as a
from spanledger._emit import emit, guarded
from spanledger._text import content, disabled
from spanledger._watch import Watcher
from spanledger.state_patches import Print, fingerprint, masked_patch, patch_between

__all__ = ["StateWatcher", "state_changed", "watch_state"]

_MAX_FILE: Final = 4 * 1024 * 1024


def state_changed(key: str, before: object, after: object) -> None:
    """Tell that the state `key` was `before` and is `after`: JSON-like values, None for not there.

    Told are hashes, sizes and the number of changes; the changes themselves, a JSON Patch with
    secrets masked, only if content is. Equal states are no change. Never raises.
    """
    if not disabled():
        with guarded("telling a state's change"):
            _tell(
                key,
                None if before is None else fingerprint(before),
                None if after is None else fingerprint(after),
                None,
            )


def _tell(key: str, before: Print | None, after: Print | None, context: Context | None) -> None:
    if (before and before.hash) == (after and after.hash):
        return
    told: dict[str, AttributeValue] = {
        a.STATE_KEY: str(key),
        a.STATE_OPERATION: "create" if not before else "update" if after else "delete",
    }
    if before:
        told |= {a.STATE_BEFORE_HASH: before.hash, a.STATE_BEFORE_SIZE: before.size}
    if after:
        told |= {a.STATE_AFTER_HASH: after.hash, a.STATE_AFTER_SIZE: after.size}
    emit(a.STATE_CHANGED, told | _changes(patch_between(before, after)), context=context)


def _changes(patch: list[dict[str, Any]] | None) -> dict[str, AttributeValue]:
    if patch is None:
        return {}
    told: dict[str, AttributeValue] = {a.STATE_CHANGE_COUNT: len(patch)}
    if len(patch) == 1:
        told |= {
            a.STATE_CHANGE_PATH: str(patch[0]["path"]),
            a.STATE_CHANGE_OP: str(patch[0]["op"]),
        }
    shown = content(json.dumps(masked_patch(patch), ensure_ascii=False))
    return told if shown is None else told | {a.STATE_PATCH: shown}


def watch_state(
    *paths: str | os.PathLike[str],
    interval_s: float = 0.5,
    keys: Mapping[str, str] | None = None,
) -> "StateWatcher":
    """Tell changes of JSON files until `stop()`, or the end of a `with` block.

    Looked at every `interval_s` seconds. A file's key is its path, or what `keys` says for it. A
    file that is not whole JSON is taken to be in the middle of a write. The files as they are now
    are where it begins.
    """
    return StateWatcher(tuple(map(Path, paths)), interval_s, dict(keys or {}))


class StateWatcher(Watcher):
    """Looks at files."""

    def __init__(self, paths: tuple[Path, ...], interval_s: float, keys: dict[str, str]) -> None:
        self._files = [_File(path, keys.get(str(path), str(path))) for path in paths]
        for file in self._files:
            file.look()
        # The session and agent of here, but no step: others will be running when files change.
        scope = _scope.current()
        here = _scope.Scope(scope.session_id, scope.agent, scope.run_id)
        super().__init__("state", max(0.01, interval_s), _scope.with_scope(here, Context()))

    def _look(self) -> None:
        for file in self._files:
            change = file.look()
            if change is not None and not disabled():
                _tell(file.key, *change, self._context)


class _File:
    """One file, and what was last seen of it."""

    def __init__(self, path: Path, key: str) -> None:
        self.key = key
        self._path = path
        self._stat: tuple[int, int, int] | None = None
        self._print: Print | None = None

    def look(self) -> tuple[Print | None, Print | None] | None:
        """What was and what is now, if that is not the same."""
        try:
            found = self._path.stat()
        except OSError:
            return self._moved_on(None, None)
        stat = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stat == self._stat or found.st_size > _MAX_FILE:
            return None
        try:
            now = fingerprint(json.loads(self._path.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None
        return self._moved_on(stat, now)

    def _moved_on(
        self, stat: tuple[int, int, int] | None, now: Print | None
    ) -> tuple[Print | None, Print | None] | None:
        before, self._print, self._stat = self._print, now, stat
        return None if (before and before.hash) == (now and now.hash) else (before, now)
