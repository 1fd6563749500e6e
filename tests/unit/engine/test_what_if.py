"""What an account may do, asked beforehand: the answer is the boundary itself, and asking changes nothing."""

import msgspec
import pytest
from tests.deployments import BORROWER, BTC, ETH, POOLED, UNITS, USD, Desk, changes, named, risk
from tests.exchange import BTC as BTC_PERP
from tests.exchange import ETH as ETH_PERP
from tests.exchange import LONG, SHORT, Exchange
from tests.exchange import UNITS as PERP_UNITS
from tests.exchange import USD as CASH

from seawall.engine.view import EngineView
from seawall.engine.what_if import WhatIf
from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import OracleRule
from seawall.ledger.event import RiskParametersChanged
from seawall.ledger.market import COLLATERAL, DEBT, MarginTier, slot_of
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders, PlaceOrder, TakeDebt, Transfer, Withdraw
from seawall.protocols.protocol import Health

MISSING = Refusal.INITIAL_MARGIN_MISSING
DOLLAR, COIN = PERP_UNITS[CASH], PERP_UNITS[BTC_PERP]
TIERS = (MarginTier(0, 10**16, 2 * 10**16), MarginTier(100_000 * WAD, 2 * 10**16, 5 * 10**16))
LOOSE = (msgspec.structs.replace(POOLED[0], parameters=risk(80, 5, 10, loan=75)), *POOLED[1:])


def borrower(protocol="seawall", **given):
    """10 ETH at 2,000 with 14,000 USD owed: 1,000 to the opening limit of 75 %, 2,000 to the line at 80 %."""
    desk = Desk(protocol, markets=LOOSE, **given)
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 14_000 * UNITS[USD]})
    return desk, lambda *asked, **more: EngineView(desk.engine).what_if(BORROWER, *asked, **more)


@pytest.mark.parametrize(("amount", "refusal"), [(999, None), (1_000, None), (1_001, MISSING), (3_000, MISSING)])
def test_more_debt_goes_to_the_max_loan_to_value(amount, refusal):
    desk, ask = borrower()
    before = desk.state.digest()
    answer = ask(TakeDebt(USD, amount * UNITS[USD]))
    assert answer.refusal is refusal
    assert answer.health.debt_value == (14_000 + amount) * WAD
    assert answer.health.is_liquidatable == (amount > 2_000)
    assert desk.state.digest() == before


def test_a_unit_beyond_the_limit_is_refused():
    _, ask = borrower()
    assert ask(TakeDebt(USD, 1_000 * UNITS[USD] + 1)).refusal is MISSING


def test_withdrawals_keep_the_limit_of_opening_and_where_the_contract_says_so_only_the_line():
    # 14,000 owed need 18,666.67 of ETH at 75 %, 17,500 at 80 %.
    for protocol, most in (("seawall", 666_666_666_666_666_666), ("aave_v3@3.6", 1_250_000_000_000_000_000)):
        _, ask = borrower(protocol)
        assert ask(Withdraw(ETH, most)).refusal is None
        assert ask(Transfer(ETH, most, named("friend"))).refusal is None
        assert ask(Withdraw(ETH, most + 1)).refusal is MISSING
        assert ask(Transfer(ETH, most + 1, named("friend"))).refusal is MISSING


def test_what_secures_nothing_leaves_whatever_prices_say():
    desk, ask = borrower(oracle_rules={ETH: OracleRule(price_age_ms_max=1)})
    desk.wait(10)
    desk.block()
    assert ask(Withdraw(ETH, 1)).refusal is Refusal.PRICE_STALE
    desk.move(BORROWER, debt={USD: -14_000 * UNITS[USD]})
    answer = ask(Withdraw(ETH, 10 * UNITS[ETH]))
    assert answer.refusal is None
    assert ask(Withdraw(ETH, 10 * UNITS[ETH] + 1)).refusal is Refusal.BALANCE_EXCEEDED


def test_a_market_of_shares_says_what_the_debt_would_be():
    desk = Desk("morpho_blue")
    desk.price(ETH=2000, USD=1, BTC=30000)
    account = BORROWER + bytes(2)
    desk.move(account, {0: 10 * UNITS[ETH]}, {0: 14_000 * UNITS[USD]})
    ask = lambda amount: EngineView(desk.engine).what_if(account, TakeDebt(0, amount))  # noqa: E731
    room = 17_200 * UNITS[USD] - 14_000 * UNITS[USD]
    assert ask(room - 1).refusal is None
    assert ask(room + 1).refusal is MISSING
    before, said = desk.state.digest(), ask(room - 1).health
    assert desk.state.digest() == before
    desk.move(account, debt={0: room - 1})
    assert desk.protocol.health(desk.state.deployment, desk.row(account)) == said


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (TakeDebt(3, 1), Refusal.MARKET_UNKNOWN),
        (TakeDebt(-1, 1), Refusal.MARKET_UNKNOWN),
        (PlaceOrder(ETH, 1, WAD), Refusal.MARKET_UNKNOWN),
        (TakeDebt(USD, 0), Refusal.ZERO_AMOUNT),
        (Withdraw(ETH, -1), Refusal.ZERO_AMOUNT),
        (Withdraw(BTC, 1), Refusal.BALANCE_EXCEEDED),
        (TakeDebt(USD, 1 << 127), Refusal.BALANCE_EXCEEDED),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, refusal):
    _, ask = borrower()
    assert ask(asked) == WhatIf(refusal)


def test_a_halted_market_gives_no_new_debt():
    desk, ask = borrower(operators=("operator",), check=lambda _: True)
    desk.decide(USD, 1)
    assert ask(TakeDebt(USD, 1)).refusal is Refusal.MARKET_HALTED
    assert ask(Withdraw(ETH, 1)).refusal is None


def test_an_unknown_account_has_nothing():
    desk, _ = borrower()
    view = EngineView(desk.engine)
    assert view.what_if(named("nobody"), Withdraw(ETH, 1)).refusal is Refusal.BALANCE_EXCEEDED
    assert view.what_if(named("nobody"), TakeDebt(USD, 1)).refusal is MISSING


# -- contracts -------------------------------------------------------------------------------------------


def trader(**given):
    """3,000 dollars of cash and nothing else; BTC at 60,000."""
    exchange = Exchange(tiers=TIERS, **given)
    exchange.trade(LONG, BTC_PERP, 0, cash=3_000)
    return exchange, lambda *asked: EngineView(exchange.engine).what_if(LONG, *asked)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_order_needs_the_initial_margin_of_the_tier_that_it_reaches(sign):
    """2 % of 100,000 and 5 % of what exceeds it: 3,000 carry 120,000, two coins."""
    exchange, ask = trader()
    before = exchange.engine.state.digest()
    answer = ask(PlaceOrder(BTC_PERP, sign * 2 * COIN, 60_000 * WAD))
    assert answer.refusal is None
    assert answer.health.health_factor_ratio == 3_000 * WAD // 1_400
    assert ask(PlaceOrder(BTC_PERP, sign * (2 * COIN + 1), 60_000 * WAD)).refusal is MISSING
    assert exchange.engine.state.digest() == before


def test_an_order_pays_at_once_what_its_price_is_worse_than_the_mark_price():
    _, ask = trader()
    # One coin needs 1,200, so it may lose 1,800.
    assert ask(PlaceOrder(BTC_PERP, COIN, 61_800 * WAD)).refusal is None
    assert ask(PlaceOrder(BTC_PERP, COIN, 61_801 * WAD)).refusal is MISSING
    assert ask(PlaceOrder(BTC_PERP, -COIN, 58_200 * WAD)).refusal is None
    assert ask(PlaceOrder(BTC_PERP, -COIN, 58_199 * WAD)).refusal is MISSING
    assert ask(PlaceOrder(BTC_PERP, COIN, 0)).refusal is Refusal.ZERO_AMOUNT


def test_orders_that_wait_ask_for_their_worse_side():
    _, ask = trader()
    order = PlaceOrder(BTC_PERP, COIN, 60_000 * WAD)
    assert ask(order, (OpenOrders(BTC_PERP, buy_amount=COIN, sell_amount=3 * COIN),)).refusal is None
    assert ask(order, (OpenOrders(BTC_PERP, buy_amount=COIN + 1),)).refusal is MISSING
    assert ask(order, (OpenOrders(BTC_PERP, sell_amount=3 * COIN + 1),)).refusal is MISSING
    # 1,800 are left, of which another contract's orders take 2 %.
    assert ask(order, (OpenOrders(ETH_PERP, sell_amount=36 * 10**18),)).refusal is None
    assert ask(order, (OpenOrders(ETH_PERP, sell_amount=36 * 10**18 + 10**12),)).refusal is MISSING
    assert ask(Withdraw(CASH, 1_200 * DOLLAR), (OpenOrders(BTC_PERP, COIN, COIN // 2),)).refusal is None
    waits = (OpenOrders(BTC_PERP, 3 * COIN // 2),)
    assert ask(Withdraw(CASH, 1_200 * DOLLAR), waits).refusal is None
    assert ask(Withdraw(CASH, 1_200 * DOLLAR + 1), waits).refusal is MISSING


def test_a_withdrawal_leaves_the_initial_margin():
    exchange, ask = trader()
    exchange.trade(LONG, BTC_PERP, -COIN)
    assert ask(Withdraw(CASH, 1_800 * DOLLAR)).refusal is None
    assert ask(Withdraw(CASH, 1_800 * DOLLAR + 1)).refusal is MISSING
    assert ask(Withdraw(BTC_PERP, 1)).refusal is Refusal.MARKET_UNKNOWN


def test_who_may_open_nothing_may_still_reduce():
    exchange, ask = trader()
    exchange.trade(LONG, BTC_PERP, 2 * COIN)
    exchange.price(1, 59_500, 2_500)
    assert ask(PlaceOrder(BTC_PERP, 1, 59_500 * WAD)).refusal is MISSING
    assert ask(PlaceOrder(BTC_PERP, -COIN // 10, 59_500 * WAD)).refusal is None
    assert ask(PlaceOrder(BTC_PERP, -4 * COIN, 59_500 * WAD)).refusal is None
    assert ask(PlaceOrder(BTC_PERP, -4 * COIN - 1, 59_500 * WAD)).refusal is MISSING
    # A tenth of a coin frees 119 of 1,380 and may cost 172 of 2,000 for it.
    assert ask(PlaceOrder(BTC_PERP, -COIN // 10, 57_780 * WAD)).refusal is None
    assert ask(PlaceOrder(BTC_PERP, -COIN // 10, 57_770 * WAD)).refusal is MISSING


@pytest.mark.parametrize(("amount", "cash"), [(1, 3_000 * DOLLAR - 601), (-1, 3_000 * DOLLAR + 600)])
def test_what_an_order_pays_is_rounded_up_and_what_it_brings_down(amount, cash):
    """A base unit at 60,000.50 is worth 600.005 units of cash."""
    _, ask = trader()
    health = ask(PlaceOrder(BTC_PERP, amount, 600_005 * WAD // 10)).health
    assert health.collateral_value == (cash + (600 if amount > 0 else 0)) * 10**12


def test_an_isolated_contract_stands_alone():
    exchange, ask = trader()
    markets = exchange.deployment.markets
    markets[ETH_PERP] = msgspec.structs.replace(markets[ETH_PERP], is_isolated=True)
    order = PlaceOrder(ETH_PERP, 10**15, 2_500 * WAD)
    assert ask(order).refusal is None
    exchange.trade(LONG, BTC_PERP, COIN // 100)
    assert ask(order).refusal is Refusal.MARKET_ISOLATED
    assert ask(PlaceOrder(BTC_PERP, COIN // 100, 60_000 * WAD)).refusal is None


def test_funding_and_the_other_side_are_netted_as_a_trade_would():
    exchange, ask = trader(funding_ray=RAY)
    exchange.trade(SHORT, BTC_PERP, -COIN, cash=3_000)
    exchange.trade(LONG, BTC_PERP, -COIN // 2)
    exchange.at += 3_600_000
    exchange.price(1, 60_000, 2_500)
    said = ask(PlaceOrder(BTC_PERP, COIN, 60_000 * WAD)).health
    exchange.tell(changes(exchange.at, (LONG, slot_of(BTC_PERP, DEBT), -COIN // 2)))
    exchange.trade(LONG, BTC_PERP, COIN // 2)
    # The hand paid the worth of half a coin only: the other half is paid here.
    worth = 60_000 * WAD - exchange.deployment.market_states[BTC_PERP].funding_value
    paid = -(-COIN // 2 * worth * DOLLAR // (COIN * WAD))
    exchange.tell(changes(exchange.at, *cash_moves(exchange, LONG, -paid)))
    found = exchange.health(LONG)
    assert isinstance(said, Health)
    assert abs(said.collateral_value - said.debt_value - found.collateral_value + found.debt_value) <= 2 * 10**12
    assert said.is_liquidatable == found.is_liquidatable


def cash_moves(exchange, account, amount):
    """The changes of held and owed cash that give the account an amount."""
    held, owed = (exchange.balance(account, CASH, side) for side in (COLLATERAL, DEBT))
    rest = held - owed + amount
    moves = ((COLLATERAL, max(rest, 0) - held), (DEBT, max(-rest, 0) - owed))
    return [(account, slot_of(CASH, side), moved) for side, moved in moves if moved]


def test_an_unknown_price_answers_no_question_of_margin():
    exchange, ask = trader()
    exchange.trade(LONG, BTC_PERP, COIN // 100)
    exchange.price(1, 0, 2_500)
    assert ask(Withdraw(CASH, DOLLAR)).refusal is Refusal.PRICE_MISSING
    exchange.price(0, 60_000, 2_500)
    assert ask(PlaceOrder(BTC_PERP, COIN, 60_000 * WAD)) == WhatIf(Refusal.PRICE_MISSING)


def test_parameters_that_governance_changed_hold_for_the_next_question():
    desk, ask = borrower()
    desk.tell(RiskParametersChanged(desk.at, ETH, risk(80, 5, 10, loan=80)))
    assert ask(TakeDebt(USD, 2_000 * UNITS[USD])).refusal is None
    assert ask(TakeDebt(USD, 2_000 * UNITS[USD] + 1)).refusal is MISSING
