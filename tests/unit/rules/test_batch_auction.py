"""Batch auction: one price, whole units, ties in full, nobody above its bid or its cap, and money that adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.fixed import RAY, WAD
from seawall.rules.batch_auction import Clearing, SealedBid, clear, clear_as_needed, deliveries

A, B, C, D, E, F = range(6)
BOOK = [
    SealedBid(A, 0, 990, 40, 0),
    SealedBid(B, 0, 980, 30, 0),
    SealedBid(C, 0, 975, 25, 0),
    SealedBid(D, 0, 975, 25, 0),
    SealedBid(E, 0, 975, 17, 0),
    SealedBid(F, 0, 960, 50, 0),
]
UNCAPPED = 10**30


def amounts_of(clearing: Clearing) -> dict[int, int]:
    amounts: dict[int, int] = {}
    for fill in clearing.fills:
        amounts[fill.bid.bidder] = amounts.get(fill.bid.bidder, 0) + fill.amount
    return amounts


def test_the_marginal_price_level_shares_by_largest_remainders():
    clearing = clear(100, 1, 950, BOOK, UNCAPPED)
    assert clearing.price == 975
    assert amounts_of(clearing) == {A: 40, B: 30, C: 11, D: 11, E: 8}
    assert clearing.sold_amount == 100


def test_less_demand_than_supply_clears_at_the_reserve():
    clearing = clear(500, 1, 950, BOOK, UNCAPPED)
    assert clearing.price == 950
    assert clearing.sold_amount == 187
    assert amounts_of(clearing) == {A: 40, B: 30, C: 25, D: 25, E: 17, F: 50}


@pytest.mark.parametrize(("supply", "price"), [(39, 990), (40, 990), (41, 980), (186, 960), (187, 960), (188, 950)])
def test_the_price_is_the_highest_at_which_all_is_asked_for(supply, price):
    assert clear(supply, 1, 950, BOOK, UNCAPPED).price == price


@pytest.mark.parametrize(("reserve", "sold"), [(960, 187), (961, 137), (991, 0)])
def test_a_bid_at_the_reserve_counts_and_one_below_does_not(reserve, sold):
    clearing = clear(500, 1, reserve, BOOK, UNCAPPED)
    assert (clearing.price, clearing.sold_amount) == (reserve, sold)


@pytest.mark.parametrize(("cap", "first"), [(39, 39), (40, 40), (41, 40)])
def test_a_bidder_gets_no_more_than_its_cap(cap, first):
    assert amounts_of(clear(500, 1, 950, BOOK, cap))[A] == first


def test_a_cap_binds_over_all_bids_of_a_bidder_and_its_best_bids_come_first():
    bids = [SealedBid(A, 0, 10, 6, 0), SealedBid(A, 1, 12, 5, 9), SealedBid(B, 0, 11, 4, 0)]
    clearing = clear(100, 1, 1, bids, 8)
    assert [(fill.bid.bid_id, fill.amount) for fill in clearing.fills if fill.bid.bidder == A] == [(1, 5), (0, 3)]


def test_equal_remainders_go_by_time_then_bidder_then_id():
    late, early = SealedBid(A, 0, 5, 1, 2), SealedBid(B, 0, 5, 1, 1)
    assert amounts_of(clear(1, 1, 1, [late, early], UNCAPPED)) == {B: 1}
    by_bidder = [SealedBid(B, 0, 5, 1, 1), SealedBid(A, 7, 5, 1, 1)]
    assert amounts_of(clear(1, 1, 1, by_bidder, UNCAPPED)) == {A: 1}
    by_id = [SealedBid(A, 1, 5, 1, 1), SealedBid(A, 0, 5, 1, 1)]
    assert [fill.bid.bid_id for fill in clear(1, 1, 1, by_id, UNCAPPED).fills] == [0]


def test_a_payment_is_rounded_against_the_bidder():
    clearing = clear(3, 2, 1, [SealedBid(A, 0, 5, 3, 0)], UNCAPPED)
    assert [fill.paid_amount for fill in clearing.fills] == [8]


def test_nothing_for_sale_goes_to_nobody():
    clearing = clear(0, 1, 950, BOOK, UNCAPPED)
    assert (clearing.fills, clearing.sold_amount) == ((), 0)


def test_the_worst_account_sells_first_and_money_adds_up():
    clearing = clear(10, 3, 10, [SealedBid(A, 0, 10, 4, 0), SealedBid(B, 0, 10, 3, 0)], UNCAPPED)
    assert clearing.sold_amount == 7
    # 4 * 10 / 3 and 3 * 10 / 3 are 14 and 10; the second fill's unit of the first account pays 3, and so on.
    assert [fill.paid_amount for fill in clearing.fills] == [14, 10]
    assert deliveries(clearing, [5, 0, 1, 4]) == [(0, 0, 4, 14), (1, 0, 1, 3), (1, 2, 1, 3), (1, 3, 1, 4)]


def test_the_price_rises_until_no_more_is_for_sale_than_is_needed_at_it():
    # At the reserve of 10 they offer 30 + 20. That is asked for at 20, where 15 + 20 are needed; those at 25, 12 + 20.
    bids = [SealedBid(A, 0, 25 * RAY, 34, 0), SealedBid(B, 0, 20 * RAY, 30, 0)]
    offered, due = [40, 20], [300 * RAY, 1_000 * RAY]
    clearing, _ = clear_as_needed(offered, due, 10 * RAY, bids, WAD)
    assert (clearing.price, clearing.sold_amount) == (20 * RAY, 35)
    bids[0] = bids[0]._replace(amount=35)
    clearing, parts = clear_as_needed(offered, due, 10 * RAY, bids, WAD)
    assert (clearing.price, clearing.sold_amount) == (25 * RAY, 32)
    assert parts == [(0, 0, 12, 300), (0, 1, 20, 500)]


@pytest.mark.parametrize(("ratio", "sold"), [(WAD, 3), (WAD // 3, 1), (WAD // 3 + 1, 2)])
def test_a_bidders_share_of_what_is_for_sale_is_rounded_up(ratio, sold):
    clearing, _ = clear_as_needed([3], [100 * RAY], RAY, [SealedBid(A, 0, RAY, 3, 0)], ratio)
    assert clearing.sold_amount == sold


BIDS = st.lists(
    st.builds(
        SealedBid, st.integers(0, 5), st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 50), st.integers(0, 3)
    ),
    max_size=25,
    unique_by=lambda bid: (bid.bidder, bid.bid_id),
)


@given(st.integers(0, 400), st.integers(1, 7), st.integers(0, 30), BIDS, st.integers(1, 80), st.randoms())
def test_what_every_clearing_keeps(supply, unit, reserve, bids, cap, chance):
    clearing = clear(supply, unit, reserve, bids, cap)
    got = {(fill.bid.bidder, fill.bid.bid_id): fill for fill in clearing.fills}
    assert clearing.sold_amount == sum(fill.amount for fill in clearing.fills) <= supply
    assert all(fill.bid.price >= clearing.price >= reserve and fill.amount <= fill.bid.amount for fill in got.values())
    assert max(amounts_of(clearing).values(), default=0) <= cap
    unmet = supply - clearing.sold_amount
    if unmet:
        assert clearing.price == reserve
    held: dict[int, int] = {}
    for bid in bids:
        held[bid.bidder] = held.get(bid.bidder, 0) + bid.amount
    for bid in bids:
        fill = got.get((bid.bidder, bid.bid_id))
        if bid.price > clearing.price and held[bid.bidder] <= cap:
            assert fill is not None
            assert fill.amount == bid.amount
    shuffled = list(bids)
    chance.shuffle(shuffled)
    assert clear(supply, unit, reserve, shuffled, cap) == clearing


@given(st.integers(1, 400), st.integers(1, 30), BIDS, st.integers(1, 80))
def test_no_higher_price_would_have_sold_all(supply, reserve, bids, cap):
    clearing = clear(supply, 1, reserve, bids, cap)
    asked: dict[int, int] = {}
    for bid in bids:
        if bid.price > clearing.price:
            asked[bid.bidder] = min(cap, asked.get(bid.bidder, 0) + bid.amount)
    if clearing.price > reserve:
        assert sum(asked.values()) < supply
