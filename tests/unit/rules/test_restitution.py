"""Restitution: what is claimed, what a ruling covers, and how a fund is shared, to the unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.ledger.restitution import Penalty
from seawall.rules.restitution import claims_of, is_ruled, penalty_value, restitution_amounts


@pytest.mark.parametrize(
    ("seize", "fee", "repay", "expected"),
    [(105, 2, 100, 7), (100, 0, 100, 0), (99, 0, 100, 0), (98, 1, 100, 0), (99, 2, 100, 1)],
)
def test_a_penalty_is_bonus_and_fee_and_never_negative(seize, fee, repay, expected):
    assert penalty_value(seize, fee, repay) == expected


@pytest.mark.parametrize(
    ("at", "asset", "expected"),
    [(9, 1, False), (10, 1, True), (19, 1, True), (20, 1, False), (15, 2, True), (15, 0, False)],
)
def test_a_ruling_covers_its_first_moment_and_not_its_last_on_either_side_of_the_pair(at, asset, expected):
    assert is_ruled(Penalty(at, b"a", 1, 2, 5), asset, 10, 20) is expected


def test_fills_of_an_account_are_one_claim_in_order_of_the_accounts():
    penalties = [
        Penalty(1, b"b", 0, 1, 5),
        Penalty(2, b"a", 0, 1, 7),
        Penalty(3, b"b", 0, 1, 1),
        Penalty(4, b"c", 0, 1, 0),
    ]
    assert claims_of(penalties) == [(b"a", 7), (b"b", 6)]


@pytest.mark.parametrize(
    ("held", "expected"),
    [(0, [0, 0, 0]), (1, [1, 0, 0]), (11, [6, 4, 1]), (21, [11, 8, 2]), (22, [12, 8, 2]), (99, [12, 8, 2])],
)
def test_a_fund_is_shared_by_claims_up_to_each(held, expected):
    # At a price of one half, 10 units an asset: 6.2, 4.1 and 1.3 are 12.4, 8.2 and 2.6 whole, cut to 12, 8 and 2 of ten.
    values = [62 * WAD // 100, 41 * WAD // 100, 13 * WAD // 100]
    assert restitution_amounts(values, held, WAD // 2, 10) == expected


@given(
    st.lists(st.integers(0, 10**30), max_size=8), st.integers(0, 10**30), st.integers(1, 10**24), st.integers(1, 10**18)
)
def test_restitution_adds_up_and_passes_no_claim(values, held, price, unit):
    amounts = restitution_amounts(values, held, price, unit)
    assert sum(amounts) == min(held, sum(value * unit // price for value in values))
    for value, amount in zip(values, amounts, strict=True):
        assert 0 <= amount * price <= value * unit
