"""Money of auctions: rewards and surpluses at the market of their moment, and what is on auction at the end, lot by lot."""

import pytest
from tests.auctions import INK, House, offered, started

from seawall.fixed import WAD
from seawall.ledger.order import EndAuction, ResetAuction, StartAuction
from seawall.studies.auction_money import AuctionMoney, OnAuction, on_auction
from seawall.world.price_path import Grid, PricePath


def path_of(house: House, *dai: int) -> PricePath:
    """Return dai's market, a price a minute, while the oracle goes on saying one."""
    return PricePath(Grid(house.at, 60_000, len(dai)), {"DAI": tuple(price * WAD for price in dai)}, {})


def test_rewards_are_worth_what_the_market_says_when_they_are_paid() -> None:
    house, order = offered()
    money = AuctionMoney(path_of(house, 1, 3))
    start, cancel = house.start(order)
    money.add((start, cancel), house.state.deployment)
    assert isinstance(start, StartAuction)
    assert money.reward_f64 == pytest.approx(start.reward_amount / 1e18)
    house.wait(60)
    house.block()
    again = ResetAuction(1, start.account, 0, start.debt_market, start.collateral_market, 1, 1, 1, 2 * WAD)
    money.add((again,), house.state.deployment)
    assert money.reward_f64 == pytest.approx(start.reward_amount / 1e18 + 6.0)
    assert money.surplus_f64 == 0.0


def test_a_surplus_is_counted_when_its_auction_ends() -> None:
    house, order = offered()
    money = AuctionMoney(path_of(house, 2))
    start, _ = house.start(order)
    end = EndAuction(
        1, start.account, start.debt_market, start.collateral_market, 9 * WAD, 4 * WAD, 5 * WAD, 0, 0, 0, False
    )
    money.add((end,), house.state.deployment)
    assert (money.surplus_f64, money.reward_f64) == (10.0, 0.0)


def test_nothing_is_on_auction_before_one_starts() -> None:
    house, _ = offered()
    assert on_auction(house.engine) == OnAuction(0, 0.0, 0.0, 0.0)


def test_a_lot_on_auction_is_what_it_cost_and_what_it_is_worth() -> None:
    house, _ = started()
    cost_f64 = house.auction().cost_amount / 1e18
    price_f64 = house.state.deployment.prices[0] / WAD
    left = on_auction(house.engine)
    assert left.lot_count == 1
    assert left.debt_f64 == pytest.approx(cost_f64)
    assert left.lots_f64 == pytest.approx(INK / 1e18 * price_f64)
    assert left.uncovered_f64 == 0.0
    house.price(ETH=1_000)
    fallen = on_auction(house.engine)
    assert fallen.debt_f64 == left.debt_f64
    assert fallen.uncovered_f64 == pytest.approx(cost_f64 - INK / 1e18 * 1_000)


def test_what_was_raised_is_no_longer_missing() -> None:
    house, _ = started()
    before = on_auction(house.engine)
    house.bid(1, INK // 10)
    raised_amount = house.auction().raised_amount
    assert raised_amount > 0
    left = on_auction(house.engine)
    assert left.debt_f64 == pytest.approx(before.debt_f64 - raised_amount / 1e18)
    assert left.lots_f64 == pytest.approx(before.lots_f64 * 0.9)
