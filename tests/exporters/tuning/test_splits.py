"""Keep together what belongs together."""

from spanledger_exporters.tuning.splits import Groups, deal

SHARES = (("train", 0.8), ("test", 0.2))


def test_requests_that_differ_in_a_number_or_in_case_are_one_group() -> None:
    groups = Groups()
    groups.add("a", "Please fix issue 12 in the parser of the build service")
    groups.add("b", "please fix issue 977 in the parser of the build service!")
    groups.add("c", "Write a poem about the sea and the wind that blows over it")
    assert groups.root("a") == groups.root("b") != groups.root("c")


def test_sessions_of_one_row_are_one_group() -> None:
    groups = Groups()
    for name in "abc":
        groups.add(name, "")
    groups.join(("a", "c"))
    assert groups.root("a") == groups.root("c") != groups.root("b")


def test_shares_are_kept_and_groups_are_not_parted() -> None:
    rows = [f"s{i % 100:03d}" for i in range(1000)]
    parts = deal(rows, Groups(), SHARES, seed=1)
    assert parts.count(1) == 200
    assert all(len({parts[i] for i in range(n, 1000, 100)}) == 1 for n in range(100))
    assert parts == deal(rows, Groups(), SHARES, seed=1) != deal(rows, Groups(), SHARES, seed=2)
