import numpy as np
import pytest

from seawall.fixed import RAY, WAD
from seawall.rules.dutch_auction import StairstepCurve
from seawall.studies.limited_capital import (
    PATIENCE,
    TICK,
    AuctionRule,
    Keepers,
    market_value_f64,
    sales_of,
    stair_shares_f64,
)
from seawall.studies.maker_auctions import SoldLot
from seawall.studies.price_steps import PriceSteps

HALVES = AuctionRule("halves", 2.0, StairstepCurve(60, RAY // 2), 600, RAY // 10)
"""200, 100, 50 and 25 an ether, a minute each; then it is spent."""


def lots_at(*seconds, ether=1):
    return [SoldLot(n, ether * WAD, 0, WAD, WAD, WAD, None, at * 1000, None) for n, at in enumerate(seconds)]


def steps(*points):
    return PriceSteps("ether", [(at * 1000, price * WAD) for at, price in points])


ORACLE = steps((0, 100))


def sell(lots, keepers, market=None, oracle=ORACLE, rule=HALVES):
    return sales_of(lots, rule, keepers, oracle, market or steps((0, 100)))


def test_stairs_are_those_of_the_rule_until_it_is_spent():
    assert stair_shares_f64(HALVES).tolist() == [1.0, 0.5, 0.25, 0.125]
    assert stair_shares_f64(HALVES._replace(seconds_max=119)).tolist() == [1.0, 0.5]
    assert stair_shares_f64(HALVES._replace(seconds_max=120)).tolist() == [1.0, 0.5, 0.25]
    assert stair_shares_f64(HALVES._replace(share_ray_min=RAY // 8)).tolist() == [1.0, 0.5, 0.25, 0.125]


@pytest.mark.parametrize(("market", "second", "paid"), [(199, 60, 100), (200, 0, 200), (100, 60, 100), (99, 120, 50)])
def test_a_lot_is_bought_as_soon_as_it_costs_no_more_than_the_market(market, second, paid):
    sales = sell(lots_at(0), Keepers(0, 0.0), steps((0, market)))
    assert (sales.seconds_f64.tolist(), sales.paid_f64) == ([second], paid)


def test_keepers_want_their_margin():
    assert sell(lots_at(0), Keepers(0, 0.5), steps((0, 200))).paid_f64 == 100
    assert sell(lots_at(0), Keepers(0, 0.51), steps((0, 200))).paid_f64 == 50


@pytest.mark.parametrize(("latency", "second", "paid"), [(119, 120, 50), (120, 120, 50), (60, 60, 100), (61, 75, 100)])
def test_keepers_who_are_slow_pay_what_is_left_of_the_price(latency, second, paid):
    sales = sell(lots_at(0), Keepers(latency, 0.0), steps((0, 100)))
    assert (sales.seconds_f64.tolist(), sales.paid_f64) == ([second], paid)


def test_the_market_is_that_of_the_moment():
    assert sell(lots_at(0), Keepers(0, 0.0), steps((0, 10), (75, 100))).seconds_f64.tolist() == [75]


def test_a_start_is_the_oracles_price_of_then():
    oracle = steps((0, 100), (3600, 50))
    assert sell(lots_at(3600), Keepers(0, 0.0), steps((0, 100)), oracle).seconds_f64.tolist() == [0]


def test_money_that_is_out_buys_nothing_and_the_price_falls_on():
    # 100 an ether at 60 s for one of the two, and the other only at 50.
    sales = sell(lots_at(0, 0), Keepers(0, 0.0, 150.0, 10_000))
    assert (sales.seconds_f64.tolist(), sales.paid_f64, sales.capital_used_f64) == ([60, 120], 150, 150)


@pytest.mark.parametrize(("capital", "paid"), [(199.0, 150), (200.0, 200), (None, 200)])
def test_keepers_buy_what_they_can_pay_to_the_last_dollar(capital, paid):
    assert sell(lots_at(0, 0), Keepers(0, 0.0, capital, 10_000)).paid_f64 == paid


@pytest.mark.parametrize(("recycle", "second"), [(30, 90), (45, 105), (46, 120)])
def test_money_comes_back_after_its_time(recycle, second):
    # The second lot could be bought at 100 from 60 s on, but all money is out; at 120 s it costs 50.
    sales = sell(lots_at(0, 0), Keepers(0, 0.0, 100.0, recycle))
    assert sales.seconds_f64.tolist() == [60, second]
    assert sales.paid_f64 == (150 if second == 120 else 200)


def test_the_cheapest_is_bought_first_and_of_equals_the_earlier():
    sales = sell(lots_at(0, 60), Keepers(0, 0.0, 50.0, 10**6), steps((0, 1), (120, 100)))
    assert sales.seconds_f64[0] == 120
    assert np.isnan(sell(lots_at(0, 0), Keepers(0, 0.0, 100.0, 10**6), steps((0, 100))).seconds_f64).tolist() == [
        False,
        True,
    ]


def test_a_later_lot_that_is_cheaper_comes_before_an_earlier_one():
    sales = sell(lots_at(0, 60), Keepers(0, 0.0, 100.0, 10**6), steps((0, 10), (75, 100)), steps((0, 100), (60, 20)))
    assert sales.seconds_f64[1] == 15
    assert sales.paid_f64 == 90  # 40 for it, and 50 for the earlier once it costs no more than is left


def test_a_start_price_is_of_the_start_and_not_of_the_look_after_it():
    sales = sell(lots_at(0, 5), Keepers(0, 0.0), oracle=steps((0, 100), (10, 50)))
    assert sales.seconds_f64.tolist() == [60, 70]


def test_the_most_capital_in_use_is_that_of_the_busiest_moment():
    large, small = lots_at(0, ether=2)[0], lots_at(0, 5_000)[1]
    assert sell([large, small], Keepers(0, 0.0, None, 600)).capital_used_f64 == 200
    assert sell([large, small], Keepers(0, 0.0, None, 6_000)).capital_used_f64 == 300


def test_a_lot_that_is_too_dear_does_not_stand_before_one_that_is_not():
    large, small = lots_at(0, ether=2)[0], lots_at(0, 0)[1]
    sales = sell([large, small], Keepers(0, 0.0, 100.0, 10**6))
    assert sales.seconds_f64[1] == 60


def test_a_spent_lot_starts_again_at_what_the_oracle_then_says():
    oracle = steps((0, 100), (240, 40))
    sales = sell(lots_at(0), Keepers(0, 0.0), steps((0, 10), (255, 80)), oracle)
    assert (sales.restart_count, sales.seconds_f64.tolist(), sales.paid_f64) == (1, [255], 80)


def test_patience_ends():
    lots = lots_at(0)
    assert np.isnan(sell(lots, Keepers(0, 0.0), steps((0, 1), (PATIENCE + TICK, 100))).seconds_f64).all()
    assert sell(lots, Keepers(0, 0.0), steps((0, 1), (PATIENCE, 1_000))).seconds_f64.tolist() == [PATIENCE]


def test_silence_between_lots_changes_nothing():
    sales = sell(lots_at(0, 50_000), Keepers(0, 0.0))
    assert sales.seconds_f64.tolist() == [60, 70]
    assert sell(lots_at(0, 49_995), Keepers(0, 0.0)).seconds_f64.tolist() == [60, 60]


def test_lots_are_worth_what_the_market_says_at_their_start():
    assert market_value_f64(lots_at(0, 10, ether=3), steps((0, 100), (10, 50))) == 450
