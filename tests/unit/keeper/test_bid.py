import pytest

from seawall.keeper.bid import best_bid


def test_the_whole_is_bid_where_it_pays():
    bid = best_bid(1_000, 1_050, 1.0, float, 1_000)
    assert (bid.repay_amount, bid.seize_amount, bid.profit_f64) == (1_000, 1_050, 50.0)


def test_nothing_is_bid_where_not_even_a_sliver_pays():
    assert best_bid(10**6, 10**6, 1.0, lambda seized: 0.9 * seized, 10**6).repay_amount == 0


def test_the_top_of_a_concave_profit_is_found():
    # profit(r) = 1.05 r - (1.05 r)^2 / 1e7 - r, whose top is at r = 0.05 * 1e7 / (2 * 1.05^2)
    top = 0.05 * 1e7 / (2 * 1.05**2)
    bid = best_bid(10**6, 1_050_000, 1.0, lambda seized: seized - seized * seized / 1e7, 10**6)
    assert bid.repay_amount == pytest.approx(top, rel=1e-2)
    assert bid.profit_f64 == pytest.approx(0.025 * top, rel=1e-4)


def test_where_nothing_is_to_be_repaid_all_that_is_seized_is_profit():
    bid = best_bid(0, 55, 1.0, lambda seized: 2.0 * seized, 0)
    assert (bid.repay_amount, bid.seize_amount, bid.profit_f64) == (0, 55, 110.0)


@pytest.mark.parametrize(("affordable", "repaid"), [(0, 0), (999, 999), (1_000, 1_000), (1_001, 1_000)])
def test_a_bid_stays_within_what_can_be_paid_and_what_is_allowed(affordable, repaid):
    assert best_bid(1_000, 1_050, 1.0, float, affordable).repay_amount == repaid
