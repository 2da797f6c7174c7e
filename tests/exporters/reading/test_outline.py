"""Outlines are trees and lines that fit."""

import pytest

from spanledger_exporters.reading.outline import Row, duration, money, tokens, tree


def span(span_id: str, parent: str | None = None) -> Row:
    return {"span_id": span_id, "parent_span_id": parent}


def outline(*spans: Row) -> list[tuple[int, str]]:
    return [(depth, row["span_id"]) for depth, row in tree(spans)]


def test_children_follow_their_parent_in_order() -> None:
    assert outline(span("a"), span("b", "a"), span("c", "b"), span("d", "a")) == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
        (1, "d"),
    ]


def test_a_child_may_have_begun_before_its_parent() -> None:
    assert outline(span("b", "a"), span("a")) == [(0, "a"), (1, "b")]


def test_a_span_without_its_parent_stands_at_the_left() -> None:
    assert outline(span("b", "gone"), span("c", "b")) == [(0, "b"), (1, "c")]


def test_a_ring_of_parents_is_shown_once() -> None:
    assert outline(span("a", "b"), span("b", "a"), span("c", "c")) == [
        (0, "a"),
        (1, "b"),
        (0, "c"),
    ]


def test_two_spans_of_one_id_are_both_shown_and_their_children_once() -> None:
    assert outline(span("a"), span("a"), span("b", "a")) == [(0, "a"), (1, "b"), (0, "a")]


def test_a_deep_trace_is_no_deep_recursion() -> None:
    chain = [span(str(n), str(n - 1)) for n in range(20_000)]
    assert outline(*chain)[-1] == (19_999, "19999")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, ""), (0.41234, "0.412 ms"), (999, "999 ms"), (3210, "3.2 s"), (725_000, "12:05")],
)
def test_durations_have_the_unit_that_suits(milliseconds: float | None, text: str) -> None:
    assert duration(milliseconds) == text
    assert duration(11_525_000) == "3:12:05"


def test_nothing_counted_is_blank() -> None:
    assert tokens({"input_tokens": None, "output_tokens": None}) == ""
    assert tokens({"input_tokens": 1200, "output_tokens": None}) == "1,200 in 0 out"
    assert money(None) == ""
    assert money(0.00123) == "$0.0012"
