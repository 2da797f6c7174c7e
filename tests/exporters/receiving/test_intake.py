"""Requests are admitted within a bound, written in groups, and answered one by one."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger_exporters.decoding.careful import Reject
from spanledger_exporters.errors import BadRequestError, BusyError, StoreError
from spanledger_exporters.receiving.intake import Intake, Receipt
from spanledger_exporters.storing.layout import Layout
from spanledger_exporters.storing.recovery import groups
from spanledger_exporters.storing.writer import Writer


def spans(*ids: int) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in ids:
        scope.spans.add(trace_id=b"\x01" * 16, span_id=number.to_bytes(8, "big"), name="work")
    return request.SerializeToString()


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    layout = Layout(tmp_path / "data")
    layout.create()
    return Writer(layout, min_free_bytes=0)


def held(writer: Writer) -> threading.Lock:
    """The writer's lock: while a test holds it, requests wait."""
    return writer._lock  # noqa: SLF001 - a disk that takes its time


def records(writer: Writer) -> list[int]:
    """The sizes of the groups in the journal."""
    files = writer.layout.hot_files("spans")
    return [group.records for path in files for group in groups(path)]


def answers(futures: Sequence["Future[Receipt]"]) -> list[Receipt]:
    return [future.result(20) for future in futures]


def test_what_arrives_while_a_group_is_written_is_the_next_group(writer: Writer) -> None:
    intake = Intake(writer)
    with held(writer):
        first = intake.submit("spans", spans(1))
        while intake._queue.qsize():  # noqa: SLF001 - until the thread has taken it
            pass
        others = [intake.submit("spans", spans(number)) for number in range(2, 12)]
        assert not first.done()
    assert answers([first, *others]) == [Receipt(0, "")] * 11
    assert records(writer) == [1, 10]
    intake.close()


def test_a_group_has_at_most_256_requests(writer: Writer) -> None:
    intake = Intake(writer)
    with held(writer):
        futures = [intake.submit("spans", spans(number)) for number in range(1, 601)]
    answers(futures)
    assert max(records(writer)) == 256
    assert sum(records(writer)) == 600
    intake.close()


def test_above_the_limit_senders_are_told_to_come_again(writer: Writer) -> None:
    payload = spans(1)
    intake = Intake(writer, limit_bytes=3 * len(payload))
    with held(writer):
        admitted = [intake.submit("spans", spans(number)) for number in (1, 2, 3)]
        for _ in range(3):
            with pytest.raises(BusyError, match="send again later"):
                intake.submit("spans", spans(4))
    answers(admitted)
    intake.barrier()
    answers([intake.submit("spans", spans(number)) for number in (4,)])
    assert sum(records(writer)) == 4
    intake.close()


def test_one_bad_request_does_not_keep_the_others(writer: Writer) -> None:
    intake = Intake(writer)
    with held(writer):
        intake.submit("spans", spans(1))
        good, bad, other = (intake.submit("spans", p) for p in (spans(2), b"\xff\xff", spans(3)))
    assert answers([good, other]) == [Receipt(0, "")] * 2
    with pytest.raises(BadRequestError):
        bad.result(20)
    assert sum(records(writer)) == 3
    intake.close()


def test_what_the_receiver_rejected_is_told_and_kept(writer: Writer) -> None:
    intake = Intake(writer)
    receipt = intake.submit("spans", spans(1), [Reject(b"raw", "no id")]).result(20)
    assert receipt == Receipt(1, "1 rejected: no id")
    assert intake.submit("spans", spans(1), [Reject(b"raw", "no id")]).result(20) == receipt
    (letters,) = writer.layout.deadletter.iterdir()
    assert len(letters.read_text().splitlines()) == 1
    intake.close()


def test_a_disk_that_refuses_fails_the_group_and_a_retry_succeeds(writer: Writer) -> None:
    intake = Intake(writer)
    writer.min_free_bytes = 1 << 62
    futures = [intake.submit("spans", spans(number)) for number in (1, 2, 3)]
    for future in futures:
        with pytest.raises(StoreError, match="senders will retry"):
            future.result(20)
    writer.min_free_bytes = 0
    answers([intake.submit("spans", spans(number)) for number in (1, 2, 3)])
    assert sum(records(writer)) == 3
    intake.close()


def test_the_signals_of_a_group_go_to_files_of_their_own(writer: Writer) -> None:
    intake = Intake(writer)
    with held(writer):
        futures = [intake.submit(signal, b"") for signal in ("spans", "logs", "metrics")]
    assert answers(futures) == [Receipt(0, "")] * 3
    intake.close()


def test_the_barrier_comes_after_everything_admitted_before(writer: Writer) -> None:
    intake = Intake(writer)
    futures = [intake.submit("spans", spans(number)) for number in range(1, 50)]
    intake.barrier()
    assert all(future.done() for future in futures)
    intake.close()
    intake.barrier()


def test_closing_writes_what_was_admitted_and_admits_no_more(writer: Writer) -> None:
    intake = Intake(writer)
    with held(writer):
        futures = [intake.submit("spans", spans(number)) for number in range(1, 50)]
        closing = threading.Thread(target=intake.close)
        closing.start()
    closing.join()
    assert all(future.done() for future in futures)
    assert sum(records(writer)) == 49
    with pytest.raises(BusyError):
        intake.submit("spans", spans(50))
    intake.close()


def test_a_sender_that_goes_away_stops_nobody(writer: Writer) -> None:
    """A cancelled future must neither end the thread nor take the request back."""
    intake = Intake(writer)
    with held(writer):
        gone, staying = (intake.submit("spans", spans(number)) for number in (1, 2))
        assert not gone.cancel()
    answers([staying, gone])
    assert sum(records(writer)) == 2
    intake.close()


def test_many_senders_at_once_while_it_closes_are_all_answered(writer: Writer) -> None:
    intake = Intake(writer)
    outcomes: list[bool] = []

    def send(first: int) -> None:
        for number in range(first, first + 50):
            try:
                outcomes.append(bool(intake.submit("spans", spans(number)).result(20)))
            except BusyError:
                outcomes.append(False)

    threads = [threading.Thread(target=send, args=(n * 100 + 1,)) for n in range(4)]
    for thread in threads:
        thread.start()
    intake.close()
    for thread in threads:
        thread.join(30)
    assert len(outcomes) == 200
    assert sum(records(writer)) == sum(outcomes)
