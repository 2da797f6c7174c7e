"""Hold the bytes in flight to their bound."""

import pytest

from spanledger_exporters.errors import BusyError
from spanledger_exporters.receiving.budget import Budget, Claim


def test_claims_share_the_budget_and_give_it_back() -> None:
    budget = Budget(100)
    with Claim(budget) as first, Claim(budget) as second:
        first.add(60)
        with pytest.raises(BusyError):
            second.add(41)
        second.add(40)
    with Claim(budget) as third:
        third.add(100)


def test_a_claim_gives_back_what_it_took_before_it_failed() -> None:
    budget = Budget(100)
    with Claim(budget) as claim:
        claim.add(70)
        with pytest.raises(BusyError):
            claim.add(70)
    budget.take(100)
