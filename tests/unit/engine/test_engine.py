"""The one door: what it takes first, what it refuses to take, and in what sequence it speaks."""

import pytest
from tests.deployments import (
    BORROWER,
    BTC,
    DUST,
    ETH,
    HOUR,
    POOLED,
    START,
    UNITS,
    USD,
    WHALE,
    Desk,
    below_the_line,
    changes,
    engine_of,
    offers_in,
    opening,
    ratio,
    risk,
)

from seawall.engine.engine import Engine
from seawall.errors import ConfigError, InvariantViolation
from seawall.fixed import WAD
from seawall.ledger.deployment import Buffer, Policy
from seawall.ledger.event import BlockObserved, FillsReported, OracleRound
from seawall.ledger.market import Market
from seawall.ledger.order import CancelOrder, Liquidate, RefuseEvent
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named

EFFICIENT = risk(93, 2, 10)
WITH_CATEGORY = (Market("ETH", ETH, ETH, risk(80, 5, 10), {1: EFFICIENT}), *POOLED[1:])


def test_the_first_event_opens_the_deployment_and_no_other_does() -> None:
    engine = Engine(protocol_named, FullRecompute)
    with pytest.raises(AssertionError, match="first event"):
        engine.apply(BlockObserved(START, 1))
    opened = opening()
    assert engine.apply(opened) == ()
    with pytest.raises(AssertionError, match="opened once"):
        engine.apply(opened)


def test_a_deployment_that_its_protocol_cannot_hold_is_refused() -> None:
    toxic = (Market("ETH", ETH, ETH, risk(96, 5, 10)), *POOLED[1:])
    with pytest.raises(ConfigError, match="ETH"):
        engine_of(opening(markets=toxic))


def test_time_never_goes_back() -> None:
    desk = Desk()
    desk.wait(10)
    desk.block()
    with pytest.raises(AssertionError):
        desk.tell(BlockObserved(desk.at - 1, 2))


def test_a_block_is_one_event_with_all_its_prices() -> None:
    desk, order = below_the_line()
    rounds = (OracleRound(ETH, 1_000 * WAD, desk.at), OracleRound(ETH, 2_000 * WAD, desk.at + 1))
    (closed,) = desk.tell(BlockObserved(desk.at + 1, 77, rounds))
    # The low price within the block was nobody's: what counts is the block as a whole.
    assert closed == CancelOrder(order.order_id, BORROWER, Refusal.HEALTHY, desk.at)
    assert desk.state.block_number == 77


def test_before_the_first_price_nobody_is_judged() -> None:
    desk = Desk()
    assert desk.move(BORROWER, {ETH: UNITS[ETH]}, {USD: 10**12}) == ()
    assert desk.price(BTC=1) == ()
    assert desk.price(ETH=2000) == ()
    assert len(offers_in(desk.price(USD=1))) == 1


def test_interest_alone_carries_an_account_below_the_line() -> None:
    growing = tuple(Market(m.symbol, m.collateral_asset, m.debt_asset, m.parameters, {}, 0, 10**26) for m in POOLED)
    for protocol in ("seawall", "compound_v2", "aave_v3"):
        desk = Desk(protocol, markets=growing)
        desk.price(ETH=2000, USD=1)
        assert desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_999 * UNITS[USD]}) == ()
        desk.wait(5 * HOUR)
        assert desk.block() == ()
        desk.wait(2 * HOUR)
        assert len(offers_in(desk.block())) == 1


def test_an_event_speaks_of_itself_first_then_withdraws_then_writes_off_then_declines_then_offers() -> None:
    fund = Policy(order_lifetime_ms=HOUR, buffers=(Buffer("insurance_fund", ()),))
    desk, order = below_the_line(policy=fund)
    desk.move(WHALE, {ETH: 100 * UNITS[ETH]}, {USD: 150_000 * UNITS[USD]})
    desk.move(DUST, {ETH: UNITS[ETH] // 20}, {USD: 70 * UNITS[USD]})
    desk.wait(HOUR)
    fill = desk.fill_of(order, UNITS[USD])
    said = desk.tell(FillsReported(desk.at, (fill,)))
    assert [type(told).__name__ for told in said] == ["SettleFill", "CancelOrder", "Liquidate"]
    said = desk.price(ETH=500)
    assert [type(told).__name__ for told in said] == ["AbsorbLoss", "Liquidate", "Liquidate"]


@pytest.mark.parametrize("protocol", ["aave_v3@3.0", "aave_v3", "seawall"])
def test_a_category_moves_the_line_of_its_accounts_alone(protocol: str) -> None:
    desk = Desk(protocol, markets=WITH_CATEGORY)
    desk.price(ETH=2000, USD=1)
    desk.categorise(BORROWER, 1)
    for account in (BORROWER, WHALE):
        desk.move(account, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    (order,) = desk.price(ETH=1900)
    assert isinstance(order, Liquidate)
    assert order.account == WHALE
    assert len(desk.categorise(BORROWER, 0)) == 1
    closed = desk.categorise(WHALE, 1)
    assert closed == (CancelOrder(order.order_id, WHALE, Refusal.HEALTHY, desk.at),)


def test_a_category_may_be_chosen_before_anything_is_held() -> None:
    desk = Desk("aave_v3", markets=WITH_CATEGORY)
    assert desk.categorise(DUST, 1) == ()
    assert desk.state.deployment.book.category_of(desk.row(DUST)) == 1


@pytest.mark.parametrize(("threshold", "is_below"), [("79.500001", False), ("79.5", False), ("79.499999", True)])
def test_governance_moves_the_line_of_everybody(threshold: str, is_below: bool) -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 15_900 * UNITS[USD]})
    assert bool(desk.govern(ETH, risk(threshold, 5, 10))) is is_below
    assert desk.state.deployment.markets[ETH].parameters.liquidation_threshold_ratio == ratio(threshold)


def test_governance_of_a_category_leaves_the_others() -> None:
    desk = Desk("aave_v3", markets=WITH_CATEGORY)
    desk.govern(ETH, risk(90, 2, 10), category=1)
    assert desk.state.deployment.markets[ETH].parameters == WITH_CATEGORY[0].parameters
    assert desk.state.deployment.markets[ETH].categories[1] == risk(90, 2, 10)


@pytest.mark.parametrize("market", [-1, 3])
def test_governance_of_no_market_changes_nothing(market: int) -> None:
    desk = Desk()
    before = list(desk.state.deployment.markets)
    (refused,) = desk.govern(market, risk(80, 5, 10))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.MARKET_UNKNOWN
    assert desk.state.deployment.markets == before


def test_governance_that_the_protocol_cannot_hold_is_refused_by_name() -> None:
    desk = Desk()
    (refused,) = desk.govern(BTC, risk(95, 10, 10))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.PARAMETERS_REFUSED
    assert "BTC" in refused.detail
    assert desk.state.deployment.markets[BTC] == POOLED[BTC]


@pytest.mark.parametrize(("check_every", "noticed_after"), [(1, 1), (3, 3), (0, None)])
def test_invariants_are_checked_every_so_many_events(check_every: int, noticed_after: int | None) -> None:
    engine = Engine(protocol_named, FullRecompute, check_every=check_every)
    opened = opening()
    if check_every == 1:
        engine.apply(opened)
    else:
        engine.apply(opened)
        engine.apply(changes(START))
        engine.apply(changes(START))
    engine.state.deployment.book.balance_totals[0] += 1
    for nth in range(1, 7):
        if nth == noticed_after:
            with pytest.raises(InvariantViolation, match="balances_sum_to_market_total"):
                engine.apply(changes(START))
            return
        engine.apply(changes(START))
    assert noticed_after is None
