"""What is tied together, however far, is one story."""

from spanledger_exporters.storing.stories import connected


def test_what_is_linked_over_several_steps_is_connected() -> None:
    assert connected(6, [(4, 5), (1, 2), (2, 4)]) == [0, 1, 1, 3, 1, 1]


def test_a_long_chain_is_one_thing() -> None:
    chain = [(place, place + 1) for place in range(999, -1, -1)]
    assert connected(1001, chain) == [0] * 1001
