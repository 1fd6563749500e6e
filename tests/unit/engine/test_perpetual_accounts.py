"""Perpetual accounts in the engine: warned, offered in part, settled to the line, funded, written off; by either monitor alike."""

import random

import pytest
from tests.deployments import named
from tests.exchange import BTC, ETH, HOUR, LONG, PERPETUAL, SHORT, UNITS, USD, Exchange

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.errors import ConfigError
from seawall.fixed import RAY, WAD
from seawall.ledger.event import BlockObserved, OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, MarginTier
from seawall.ledger.order import AbsorbLoss, CancelOrder, Liquidate, RefuseFill, SettleFill, WarnAccount
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named


def kinds(orders):
    return [type(order) for order in orders]


@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
def test_a_long_is_warned_then_closed_in_part_until_its_margin_is_whole(make):
    exchange = Exchange(make)
    assert exchange.trade(LONG, BTC, UNITS[BTC], cash=3_000) == ()
    assert kinds(exchange.price(1, 58_100, 2_500)) == [WarnAccount]
    orders = exchange.price(1, 57_500, 2_500)
    assert kinds(orders) == [Liquidate]
    (order,) = orders
    assert (order.debt_market, order.collateral_market) == (USD, BTC)
    assert 0 < order.seize_amount_at_max < UNITS[BTC]
    settled = exchange.fill(order)
    assert kinds(settled) == [SettleFill, CancelOrder]
    assert settled[0].repay_amount == order.repay_amount_max
    assert exchange.balance(LONG, BTC, COLLATERAL) == UNITS[BTC] - order.seize_amount_at_max
    assert WAD + WAD // 50 <= exchange.health(LONG).health_factor_ratio < WAD + WAD // 40


@pytest.mark.parametrize("make", [FullRecompute, TriggerBook])
def test_a_short_is_delivered_for_cash(make):
    exchange = Exchange(make)
    exchange.trade(SHORT, ETH, -10 * UNITS[ETH], cash=1_000)
    (order,) = [each for each in exchange.price(1, 60_000, 2_578) if isinstance(each, Liquidate)]
    assert (order.debt_market, order.collateral_market) == (ETH, USD)
    first, *_ = exchange.fill(order, order.repay_amount_max // 3)
    assert isinstance(first, SettleFill)
    assert first.seize_value > first.repay_value
    assert exchange.health(SHORT).is_liquidatable
    settled = exchange.fill(order, 10 * UNITS[ETH], fill_id=1)
    assert kinds(settled) == [SettleFill, CancelOrder]
    assert settled[0].repay_amount < 7 * UNITS[ETH]
    assert kinds(exchange.fill(order, 1, fill_id=2)) == [RefuseFill]


def test_the_line_of_a_position_is_the_one_of_the_tier_in_which_its_price_falls():
    """A short grows into the next tier as the price rises: 5 % of what exceeds a million, 2 % and 1 % beneath."""
    exchange = Exchange()
    exchange.trade(SHORT, BTC, -16 * UNITS[BTC], cash=100_000)
    state = exchange.engine.state
    for price, equity in ((62_000, 68_000), (63_000, 52_000), (64_000, 36_000), (65_000, 20_000), (64_700, 24_800)):
        exchange.price(1, price, 2_500)
        notional = 16 * price
        margin = 1_000 + 0.02 * (min(notional, 10**6) - 100_000) + 0.05 * max(0, notional - 10**6)
        found = exchange.health(SHORT)
        assert found.collateral_value - found.debt_value == equity * WAD
        assert found.collateral_value - found.weighted_collateral_value == round(margin * 100) * WAD // 100
        assert bool(state.episodes) == (equity < margin)


def test_funding_alone_brings_a_long_below_its_line_and_a_short_never():
    exchange = Exchange(TriggerBook, funding_ray=RAY)
    exchange.trade(LONG, BTC, UNITS[BTC], cash=2_000)
    exchange.trade(SHORT, BTC, -UNITS[BTC], cash=2_000)
    said = []
    for _ in range(24):
        exchange.at += 12 * HOUR
        said += exchange.tell(BlockObserved(exchange.at, exchange.engine.state.block_number + 1))
    assert kinds(said)[:2] == [WarnAccount, Liquidate]
    assert {order.account for order in said} == {LONG}
    funding = exchange.deployment.market_states[BTC].funding_value
    assert 0 <= 60_000 * WAD * 12 // 365 - funding < 24
    assert exchange.health(SHORT).health_factor_ratio > exchange.health(LONG).health_factor_ratio


def test_cash_owed_when_no_contract_is_left_is_paid_by_the_waterfall():
    exchange = Exchange()
    exchange.trade(LONG, BTC, UNITS[BTC], cash=1_000)
    (order, *_) = exchange.price(1, 58_000, 2_500)
    settled = exchange.fill(order)
    assert kinds(settled)[:2] == [SettleFill, AbsorbLoss]
    lost = settled[1]
    # 2,000 lost against 1,000 put in, and half of a bonus of half a percent of 58,000.
    assert lost.bad_debt_amount == 1_145 * UNITS[USD]
    assert [(each.absorber, each.amount) for each in lost.payments] == [
        ("insurance_fund", 500 * UNITS[USD]), ("socialized_loss", 645 * UNITS[USD])
    ]  # fmt: skip
    assert exchange.deployment.book.positions(exchange.deployment.book.row_of(LONG)) == []
    assert not exchange.engine.state.episodes


def test_an_unknown_price_keeps_a_long_where_it_is_though_it_owes_nothing():
    exchange = Exchange()
    exchange.trade(LONG, BTC, UNITS[BTC], cash=60_000)
    exchange.trade(SHORT, BTC, -UNITS[BTC], cash=600)
    exchange.price(1, 60_001, 2_500)
    before = dict(exchange.engine.state.episodes)
    assert len(before) == 1
    assert exchange.price(1, 0, 2_500) == ()
    assert exchange.engine.state.episodes == before


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ((MarginTier(1, 10**16),), "first margin tier begins at 1, not at 0"),
        ((MarginTier(0, 10**16), MarginTier(0, 10**17)), "margin tier 0 does not rise above 0"),
        ((MarginTier(0, 10**16), MarginTier(5, 10**16)), "margin ratio 10000000000000000 does not rise"),
        ((MarginTier(0, WAD),), "is not between 0 and 1000000000000000000"),
        ((MarginTier(0, 5 * 10**15),), "bonus 5000000000000000 is not below the least margin ratio"),
    ],
)
def test_tiers_that_jump_and_margins_that_pay_no_bonus_are_refused(tiers, said):
    with pytest.raises(ConfigError, match=said):
        Exchange(tiers=tiers)


@pytest.mark.parametrize("seed", range(3))
def test_a_restored_engine_and_another_monitor_say_the_same_through_trades_fills_and_funding(seed):
    draw = random.Random(seed)
    exchange = Exchange(funding_ray=RAY // 3)
    prices = [1.0, 60_000.0, 2_500.0]
    for step in range(80):
        exchange.at += draw.choice([0, 1000, HOUR])
        market = draw.choice([BTC, ETH])
        worth = 10 ** draw.uniform(2, 6)
        amount = draw.choice([-1, 1]) * int(worth / prices[market] * UNITS[market])
        exchange.price(*prices)
        exchange.trade(
            named(f"account {draw.randrange(30)}"), market, amount, cash=int(worth * draw.uniform(0.02, 0.1))
        )
        for number in (1, 2):
            prices[number] *= 1 + draw.gauss(0, 0.02)
        orders = exchange.price(*prices) if step % 9 else exchange.price(1, prices[1], 0)
        for order in [each for each in orders if isinstance(each, Liquidate)]:
            exchange.fill(order, max(1, order.repay_amount_max // draw.choice([1, 1, 3])))
    assert sum(isinstance(order, SettleFill) for said in exchange.said for order in said) > 20
    twin = Engine(protocol_named, TriggerBook)
    assert [twin.apply(event) for event in exchange.events] == exchange.said
    restored = Engine(protocol_named, TriggerBook)
    restored.restore(State.restored(exchange.engine.state.canonical_bytes()))
    event = PriceObserved(
        exchange.at, tuple(OracleRound(n, int(p * WAD * (0.93 if n else 1)), exchange.at) for n, p in enumerate(prices))
    )
    assert restored.apply(event) == exchange.tell(event) != ()


def test_refusals_of_a_fill_change_nothing():
    exchange = Exchange()
    exchange.trade(LONG, BTC, UNITS[BTC], cash=3_000)
    row = exchange.deployment.book.row_of(LONG)
    ask = lambda debt, held, amount: PERPETUAL.quote(exchange.deployment, row, debt, held, amount)  # noqa: E731
    assert ask(USD, BTC, 1) is Refusal.HEALTHY
    exchange.price(1, 57_400, 2_500)
    assert ask(USD, USD, 1) is Refusal.NO_COLLATERAL
    assert ask(BTC, ETH, 1) is Refusal.NO_COLLATERAL
    assert ask(USD, ETH, 1) is Refusal.NO_COLLATERAL
    assert ask(BTC, USD, 1) is Refusal.NO_DEBT
    assert ask(USD, BTC, 0) is Refusal.ZERO_AMOUNT
    exchange.price(1, 0, 2_500)
    assert ask(USD, BTC, 1) is Refusal.PRICE_MISSING
