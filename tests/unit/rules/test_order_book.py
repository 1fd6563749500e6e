"""Order book: no price beyond the limit, no unit beyond the pace, no payment beyond the fund's budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.rules.order_book import Level, close_out, close_out_limit_price, paced_amount, shown_amount

BIDS = [Level(100, 5), Level(99, 5), Level(97, 10)]
ASKS = [Level(101, 5), Level(102, 5), Level(104, 10)]
RICH = 10**30


@pytest.mark.parametrize(
    ("is_sale", "ratio", "limit"),
    [(True, 0, 99), (False, 0, 99), (True, WAD, 87), (False, WAD, 111), (True, WAD // 5, 97), (False, WAD // 5, 101)],
)
def test_the_limit_is_the_bankruptcy_price_and_what_the_fund_gives_for_margin(is_sale, ratio, limit):
    assert close_out_limit_price(99, 12, ratio, is_sale=is_sale) == limit


def test_a_sale_never_has_a_limit_of_nothing():
    assert close_out_limit_price(5, 12, WAD, is_sale=True) == 1


@pytest.mark.parametrize(
    ("open_amount", "shown", "cap", "paced"),
    [(9, 100, 50, 9), (10, 100, 50, 10), (11, 100, 50, 10), (99, 109, 50, 10), (99, 110, 50, 11), (99, 900, 50, 50)],
)
def test_a_block_closes_no_more_than_its_share_of_the_book(open_amount, shown, cap, paced):
    assert paced_amount(open_amount, shown, WAD // 10, cap) == paced


@pytest.mark.parametrize(("limit", "shown"), [(101, 0), (100, 5), (99, 10), (98, 10), (97, 20)])
def test_bids_at_the_limit_are_shown(limit, shown):
    assert shown_amount(BIDS, limit, is_sale=True) == shown


@pytest.mark.parametrize(("limit", "shown"), [(100, 0), (101, 5), (102, 10), (103, 10), (104, 20)])
def test_asks_at_the_limit_are_shown(limit, shown):
    assert shown_amount(ASKS, limit, is_sale=False) == shown


@pytest.mark.parametrize(
    ("amount", "limit", "closed"),
    [(4, 97, (4, 400)), (5, 97, (5, 500)), (6, 97, (6, 599)), (99, 99, (10, 995)), (99, 97, (20, 1965))],
)
def test_a_sale_takes_the_best_bids_first(amount, limit, closed):
    assert close_out(BIDS, amount, 1, limit, 90, 0, is_sale=True)[:2] == closed


@pytest.mark.parametrize(("amount", "limit", "closed"), [(6, 104, (6, 607)), (99, 103, (10, 1015))])
def test_a_purchase_takes_the_best_asks_first(amount, limit, closed):
    assert close_out(ASKS, amount, 1, limit, 110, 0, is_sale=False)[:2] == closed


@pytest.mark.parametrize(("budget", "closed", "paid"), [(0, 5, 0), (4, 9, 4), (5, 10, 5), (7, 10, 5), (8, 11, 8)])
def test_beyond_the_bankruptcy_price_the_fund_pays_within_its_budget(budget, closed, paid):
    result = close_out(BIDS, 99, 1, 90, 100, budget, is_sale=True)
    assert (result.amount, result.fund_value) == (closed, paid)


def test_the_fund_pays_what_a_purchase_costs_beyond_the_bankruptcy_price():
    assert close_out(ASKS, 99, 1, 110, 101, 6, is_sale=False) == (10, 505 + 510, 5)


def test_parts_of_a_contract_are_rounded_against_whoever_is_closed():
    assert close_out([Level(10, 3)], 3, 4, 1, 9, 0, is_sale=True).quote_value == 7
    assert close_out([Level(10, 3)], 3, 4, 99, 11, 0, is_sale=False).quote_value == 8
    assert close_out([Level(10, 3)], 3, 4, 1, 11, RICH, is_sale=True).fund_value == 1


BOOKS = st.lists(st.builds(Level, st.integers(1, 200), st.integers(1, 50)), max_size=12)


@given(BOOKS, st.integers(0, 400), st.integers(1, 9), st.integers(1, 200), st.integers(1, 200), st.integers(0, 900),
       st.booleans())  # fmt: skip
def test_what_every_close_out_keeps(levels, amount_max, unit, limit, bankruptcy, budget, is_sale):
    ordered = sorted(levels, key=lambda level: level.price, reverse=is_sale)
    closed = close_out(ordered, amount_max, unit, limit, bankruptcy, budget, is_sale=is_sale)
    assert closed.amount <= min(amount_max, shown_amount(ordered, limit, is_sale=is_sale))
    assert closed.fund_value <= budget
    least_value = closed.amount * bankruptcy
    if is_sale:
        # With the fund, nobody is closed below the bankruptcy price, up to the roundings of one unit a level.
        assert (closed.quote_value + closed.fund_value + len(levels)) * unit >= least_value
        assert closed.quote_value * unit >= closed.amount * limit - len(levels) * unit
    else:
        assert (closed.quote_value - closed.fund_value - len(levels)) * unit <= least_value
        assert closed.quote_value * unit <= closed.amount * limit + len(levels) * unit
