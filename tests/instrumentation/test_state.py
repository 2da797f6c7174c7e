"""Changes of state are told by hashes, sizes and, if content is on, a patch without secrets."""

import hashlib
import json
import time
from pathlib import Path

import jsonpatch
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

import spanledger
from spanledger import attributes as a
from spanledger.state_patches import fingerprint, patch_between

from .conftest import Told

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


def test_a_change_is_told_by_hash_size_and_count(told: Told) -> None:
    spanledger.state_changed("tasks", {"b": 1, "a": 2}, {"b": 3, "a": 2})
    (event,) = told.events()
    assert event[a.STATE_KEY] == "tasks"
    assert event[a.STATE_OPERATION] == "update"
    assert event[a.STATE_BEFORE_HASH] == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()
    assert (event[a.STATE_BEFORE_SIZE], event[a.STATE_AFTER_SIZE]) == (13, 13)
    assert (event[a.STATE_CHANGE_COUNT], event[a.STATE_CHANGE_PATH]) == (1, "/b")
    assert event[a.STATE_PATCH] is None


def test_the_patch_is_content_and_has_no_secrets(told: Told, full_content: None) -> None:
    spanledger.state_changed(
        "c", {"n": 1}, {"n": 1, "password": "hunter22", "k": "AKIA" + "A" * 16}
    )
    (event,) = told.events()
    assert json.loads(str(event[a.STATE_PATCH])) == [
        {"op": "add", "path": "/k", "value": "[redacted:aws-key-id]"},
        {"op": "add", "path": "/password", "value": "[redacted:name]"},
    ]


def test_coming_and_going_are_told_and_the_same_is_not(told: Told) -> None:
    spanledger.state_changed("x", None, {"n": 1})
    spanledger.state_changed("x", {"a": 1, "b": [1]}, {"b": [1], "a": 1})
    spanledger.state_changed("x", {"n": 1}, None)
    assert [event[a.STATE_OPERATION] for event in told.events()] == ["create", "delete"]


def test_odd_values_are_named_by_their_class(told: Told) -> None:
    spanledger.state_changed("x", {"s": {2, 1}, "o": object()}, {"s": {1, 2}, "o": object()})
    assert told.events() == []


@profile(max_examples=100, deadline=None)
@given(JSON, JSON)
def test_a_patch_leads_from_one_state_to_the_other(before: object, after: object) -> None:
    patch = patch_between(fingerprint(before), fingerprint(after))
    assert patch is not None
    if isinstance(before, dict | list):
        assert jsonpatch.apply_patch(before, patch) == after


def test_a_large_state_is_told_without_a_patch(told: Told, full_content: None) -> None:
    spanledger.state_changed("big", list(range(40_000)), list(range(1, 40_001)))
    (event,) = told.events()
    assert event[a.STATE_CHANGE_COUNT] is None
    assert event[a.STATE_BEFORE_HASH] != event[a.STATE_AFTER_HASH]


def test_a_watched_file_tells_its_changes(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text('{"n": 1}')
    with (
        spanledger.session("s", agent="keeper"),
        spanledger.watch_state(path, interval_s=60, keys={str(path): "tasks"}) as watcher,
    ):
        watcher.look()
        path.write_text('{"n": 2')
        watcher.look()
        path.write_text('{"n": 2222}')
        watcher.look()
        path.unlink()
    update, delete = told.events()
    assert (update[a.STATE_KEY], update[a.STATE_CHANGE_PATH]) == ("tasks", "/n")
    assert (update[a.SESSION_ID], delete[a.STATE_OPERATION]) == ("s", "delete")
    assert update[a.STATE_AFTER_HASH] == delete[a.STATE_BEFORE_HASH]


def test_the_watcher_looks_by_itself(told: Told, tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    with spanledger.watch_state(path, interval_s=0.01):
        path.write_text("[1]")
        deadline = time.monotonic() + 5
        while not told.events() and time.monotonic() < deadline:
            time.sleep(0.01)
    assert told.events()[0][a.STATE_OPERATION] == "create"
