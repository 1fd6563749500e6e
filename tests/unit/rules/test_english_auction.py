"""English auctions: which bid leads, when bids may come, and when the leading one has won."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.ledger.refusal import Refusal
from seawall.rules.english_auction import awaits_reset, bid_refusal, is_closed, takes_bids

LOW, DIFFERS, EXCEEDED = Refusal.BID_TOO_LOW, Refusal.LOT_DIFFERS, Refusal.DEBT_EXCEEDED
FIVE_PERCENT = WAD // 20


@pytest.mark.parametrize(
    ("leading", "lot", "pay", "expected"),
    [
        # Lot 1,000, due 2,000. The first bid may be one unit.
        (0, 1_000, 0, LOW),
        (0, 1_000, 1, None),
        (0, 999, 1, DIFFERS),
        (0, 1_001, 1, DIFFERS),
        (100, 1_000, 100, LOW),
        (100, 1_000, 104, LOW),
        (100, 1_000, 105, None),
        (0, 1_000, 2_000, None),
        (0, 1_000, 2_001, EXCEEDED),
        # The last step to all that is due may be short.
        (1_950, 1_000, 1_999, LOW),
        (1_950, 1_000, 2_000, None),
        # Then the lot falls, and the payment stays.
        (2_000, 1_000, 2_000, LOW),
        (2_000, 953, 2_000, LOW),
        (2_000, 952, 2_000, None),
        (2_000, 0, 2_000, None),
        (2_000, 952, 1_999, LOW),
        (2_000, 952, 2_001, EXCEEDED),
    ],
)
def test_which_bid_beats_the_leading_one(leading, lot, pay, expected):
    assert bid_refusal(1_000, 2_000, leading, lot, pay, FIVE_PERCENT) is expected


@pytest.mark.parametrize(("bid_lot", "expected"), [(1_000, None), (1_001, LOW)])
def test_a_falling_lot_may_fall_by_exactly_the_least_step(bid_lot, expected):
    assert bid_refusal(1_050, 2_000, 2_000, bid_lot, 2_000, FIVE_PERCENT) is expected


@pytest.mark.parametrize(
    ("at", "lead_ends_at", "bids", "closed", "reset"),
    [
        # The auction ends at 100.
        (99, None, True, False, False),
        (100, None, False, False, False),
        (101, None, False, False, True),
        (49, 50, True, False, False),
        (50, 50, False, False, False),
        (51, 50, False, True, False),
        (99, 150, True, False, False),
        (100, 150, False, False, False),
        (101, 150, False, True, False),
        # A bid at time zero leads too.
        (1, 0, False, True, False),
    ],
)
def test_the_times_of_an_auction(at, lead_ends_at, bids, closed, reset):
    assert takes_bids(at, lead_ends_at, 100) is bids
    assert is_closed(at, lead_ends_at, 100) is closed
    assert awaits_reset(at, lead_ends_at, 100) is reset


@given(
    lot=st.integers(1, 10**24), due=st.integers(1, 10**50), leading=st.integers(0, 10**50),
    bid_lot=st.integers(0, 10**24), pay=st.integers(0, 10**50), increase=st.integers(0, WAD),
)  # fmt: skip
def test_a_bid_that_leads_is_better_for_the_borrower_or_the_lenders(lot, due, leading, bid_lot, pay, increase):
    leading = min(leading, due)
    if bid_refusal(lot, due, leading, bid_lot, pay, increase) is None:
        assert pay <= due
        assert (pay, -bid_lot) > (leading, -lot)
        assert pay >= leading
        assert bid_lot <= lot
