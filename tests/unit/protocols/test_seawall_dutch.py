"""Our own Dutch sale: what it auctions, what it refuses, whom it rewards, and a clock that stands still with the market."""

import pytest
from tests.auctions import House, offers_in
from tests.deployments import ASSETS, BORROWER, BTC, ETH, POOLED, UNITS, USD, risk

from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import BlockObserved, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import CancelOrder, EndAuction, RefuseBid, ResetAuction, SettleBid, StartAuction
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named

OWN = protocol_named("seawall_dutch@1")


class Pool(House):
    """Three pooled markets."""

    def __init__(self, **given):
        super().__init__(OWN, markets=POOLED, account_width=20, assets=ASSETS, **given)

    def price(self, *, source=0, **prices):
        index_of = {asset.symbol: nth for nth, asset in enumerate(ASSETS)}
        rounds = (OracleRound(index_of[name], price * WAD, self.at, source) for name, price in prices.items())
        return self.tell(PriceObserved(self.at, tuple(rounds)))


def started(**given):
    pool = Pool(**given)
    pool.price(ETH=2_000, USD=1, BTC=30_000)
    pool.give(BORROWER, 10 * UNITS[ETH], 0, ETH)
    pool.give(BORROWER, 0, 15_900 * UNITS[USD], USD)
    (order,) = offers_in(pool.price(ETH=1_980))
    assert order.is_auctioned
    return pool, pool.start(order)


def test_the_pair_of_most_value_is_auctioned_with_its_penalty():
    _, (start, cancel) = started()
    assert isinstance(start, StartAuction)
    assert (start.lot_balance, start.debt_amount) == (10 * UNITS[ETH], 15_900 * UNITS[USD])
    # A price of a stored unit: 1,980 dollars of six decimals for 10^18 units, from 5 % above.
    assert start.start_price_ray == 1_980 * 10**6 * RAY // 10**18 * 105 // 100
    assert start.due_ray == 15_900 * UNITS[USD] * RAY * 105 // 100
    assert start.reward_amount == 500_000 + 15_900 * 105 * 10**4 // 1000
    assert isinstance(cancel, CancelOrder)


def test_what_is_left_of_a_lot_is_collateral_again():
    pool, _ = started()
    settled, end = pool.bid(1, 10 * UNITS[ETH])
    assert isinstance(settled, SettleBid)
    assert isinstance(end, EndAuction)
    assert end.returned_to_account
    assert end.returned_balance == 10 * UNITS[ETH] - settled.seize_balance > 0
    assert pool.balance(BORROWER, COLLATERAL, ETH) == end.returned_balance
    assert pool.balance(BORROWER, DEBT, USD) == 0
    assert end.surplus_amount > 0


def test_a_bid_for_more_than_the_lot_is_refused():
    pool, _ = started()
    (refused,) = pool.bid(1, 10 * UNITS[ETH] + 1)
    assert refused == RefuseBid(1, 1, BORROWER, 7, Refusal.LOT_EXCEEDED)


def test_only_as_much_debt_is_auctioned_as_the_lot_covers():
    pool = Pool()
    pool.price(ETH=2_000, USD=1, BTC=30_000)
    pool.give(BORROWER, 5 * UNITS[ETH], 0, ETH)
    pool.give(BORROWER, UNITS[BTC] // 5, 0, BTC)
    pool.give(BORROWER, 0, 12_000 * UNITS[USD], USD)
    (order,) = offers_in(pool.price(ETH=1_900))
    start, *_ = pool.start(order)
    assert start.collateral_market == ETH
    lot_value = 5 * 1_900 * UNITS[USD]
    assert start.debt_amount == lot_value * 100 // 105
    assert start.due_ray <= lot_value * RAY
    assert pool.balance(BORROWER, DEBT, USD) == 12_000 * UNITS[USD] - start.debt_amount


def test_a_reset_is_not_paid_for():
    pool, _ = started()
    pool.wait(300)
    for _ in range(12):
        pool.tell(BlockObserved(pool.at, pool.state.block_number + 1))
        pool.wait(300)
    (again,) = pool.reset(1)
    assert isinstance(again, ResetAuction)
    assert again.reward_amount == 0


def price_now(pool):
    (settled,) = pool.bid(1, UNITS[ETH] // 100)
    return settled.pay_ray // settled.seize_balance


def test_the_clock_stands_still_where_no_block_came_for_long():
    pool, _ = started()
    before = price_now(pool)
    pool.wait(300)
    assert price_now(pool) == 1_980 * 105 // 100 * 10**6 * RAY // 10**18 * 997**10 // 1000**10 < before
    long, _ = started()
    long.wait(301)
    short, _ = started()
    short.wait(300)
    assert price_now(long) == price_now(short)
    assert long.state.suspended_ms == [1_000, 0, 0]


def test_the_clock_stands_still_while_prices_contradict_each_other():
    rule = OracleRule(divergence_ratio_max=WAD // 10)
    pool, _ = started(oracle_rule=rule)
    pool.price(source=1, ETH=3_000)
    before = price_now(pool)
    pool.wait(120)
    assert price_now(pool) == before
    pool.price(ETH=1_980, source=1)
    pool.wait(30)
    assert price_now(pool) < before


def test_the_clock_stands_still_while_bids_are_stopped():
    pool, _ = started()
    before = price_now(pool)
    pool.decide(ETH, 3)
    pool.wait(120)
    assert isinstance(pool.bid(1, UNITS[ETH])[0], RefuseBid)
    pool.decide(ETH, 0)
    assert price_now(pool) == before


@pytest.mark.parametrize(("bonus", "refused"), [("0.6", True), ("0.7", False)])
def test_a_reward_that_its_own_penalty_could_pay_is_refused(bonus, refused):
    # At the least debt of 100 the reward is 0.5 and 0.1 % of what is due, a little more than 0.6.
    markets = (*POOLED[:1], type(POOLED[1])("USD", USD, USD, risk(85, bonus, 10)), *POOLED[2:])
    if refused:
        with pytest.raises(ConfigError, match="keeper's reward"):
            OWN.check_markets(markets)
    else:
        OWN.check_markets(markets)
