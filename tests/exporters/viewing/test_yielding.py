"""Threads that answer questions have a lower priority than those that take records."""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from spanledger_exporters.viewing.yielding import NICENESS, yield_to_receivers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads share a niceness here")


def own() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def in_a_thread(do: Callable[[], int]) -> int:
    with ThreadPoolExecutor(1, initializer=yield_to_receivers) as threads:
        return threads.submit(do).result()


def test_a_thread_gives_way_and_the_others_do_not() -> None:
    before = own()
    assert in_a_thread(own) == max(NICENESS, before)
    assert own() == before


def test_the_threads_that_it_starts_give_way_too() -> None:
    def started() -> int:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(own).result()

    assert in_a_thread(started) == max(NICENESS, own())


def test_what_is_nicer_already_stays_so() -> None:
    def twice() -> int:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
        yield_to_receivers()
        return own()

    assert in_a_thread(twice) == 15
