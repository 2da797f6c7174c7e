"""Files are read while they grow: every line once, through rotation, restarts and damage."""

import gzip
import json
import os
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from spanledger_exporters.errors import NotFoundError
from spanledger_exporters.following import Follower
from spanledger_exporters.importing import Report
from spanledger_exporters.storing.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = Store.open(tmp_path / "data")
    yield opened
    opened.close()


def line(number: int) -> str:
    """A log record: nothing but the reader's own care keeps it from being there twice."""
    record = {"timeUnixNano": str(number), "body": {"stringValue": f"n{number}"}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}) + "\n"


def lines(*numbers: int) -> str:
    return "".join(map(line, numbers))


def follower(store: Store, *paths: Path) -> Follower:
    return Follower(store.intake, paths, store.layout.root)


def kept(store: Store) -> int:
    return store.status().journaled["logs"]


def test_what_is_added_is_read_and_a_line_without_its_end_waits(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "agents.jsonl"
    following = follower(store, path)
    assert not following.round()
    path.write_text(lines(1, 2) + line(3)[:40])
    following.round()
    assert kept(store) == 2
    with path.open("a") as out:
        out.write(line(3)[40:])
    following.round()
    following.round()
    assert kept(store) == 3


def test_a_rotated_file_is_read_to_its_end_and_its_successor_from_the_start(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "agents.jsonl"
    following = follower(store, path)
    path.write_text(lines(1))
    following.round()
    with path.open("a") as out:
        out.write(line(2))
        path.rename(tmp_path / "agents-2026-11-21T10-00-00.000.jsonl")
        path.write_text(lines(3))
        # Twice between two looks: the file in between was never seen under the name asked for.
        path.rename(tmp_path / "agents-2026-11-21T10-00-01.000.jsonl")
        path.write_text(lines(4))
        out.write(line(5))
    following.round()
    assert kept(store) == 5


def test_a_file_cut_down_to_nothing_is_read_again_from_its_start(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "agents.jsonl"
    following = follower(store, path)
    path.write_text(lines(1, 2))
    following.round()
    os.truncate(path, 0)
    following.round()
    path.write_text(lines(3, 4, 5))
    following.round()
    assert kept(store) == 5


def test_another_one_goes_on_where_the_first_left_off(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "agents.jsonl"
    path.write_text(lines(1, 2))
    follower(store, path).round()
    path.rename(tmp_path / "agents-old.jsonl")
    path.write_text(lines(3))
    follower(store, path).round()
    assert kept(store) == 3
    assert store.status().repeated_requests == 0
    (memory,) = store.layout.root.glob("followed-*.json")
    assert memory.stat().st_mode & 0o077 == 0


def message(number: int) -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=number)
    data = request.SerializeToString()
    return len(data).to_bytes(4, "big") + data


def test_messages_after_their_lengths_are_followed_too(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "logs.pb"
    path.write_bytes(message(1) + message(2)[:7])
    following = follower(store, path)
    following.round()
    assert kept(store) == 1
    with path.open("ab") as out:
        out.write(message(2)[7:])
    following.round()
    assert kept(store) == 2
    assert store.status().dead_letters == 0


def test_a_folder_is_watched_and_bad_lines_are_told_with_their_place(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    told: list[Report] = []
    following = follower(store, folder)
    (folder / "a.jsonl").write_text(lines(1) + "\n{oops}\n" + lines(2))
    following.round(told.append)
    (folder / "b.jsonl").write_text(lines(3))
    following.round(told.append)
    following.round(told.append)
    assert kept(store) == 3
    assert [(r.requests, r.rejected) for r in told] == [(2, 1), (1, 0)]
    assert [note.where for note in told[0].notes] == [f"{folder}/a.jsonl:3"]
    assert len(following.files) == 2


def test_a_compressed_file_is_named_once_and_left(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "agents.jsonl"
    (tmp_path / "agents.jsonl.1.gz").write_bytes(gzip.compress(lines(1).encode()))
    told: list[Report] = []
    following = follower(store, path)
    following.round(told.append)
    following.round(told.append)
    assert ["are not followed" in note.reason for r in told for note in r.notes] == [True]
    assert kept(store) == 0


def test_a_file_may_come_later_but_its_folder_must_be_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no folder"):
        follower(store, tmp_path / "nowhere" / "agents.jsonl")


def test_it_runs_until_it_is_told_to_stop(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "agents.jsonl"
    path.write_text(lines(1))
    stop, seen = threading.Event(), threading.Event()
    following = follower(store, path)
    thread = threading.Thread(target=following.run, args=(stop, lambda _: seen.set()))
    thread.start()
    assert seen.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert kept(store) == 1
