"""Who is told that its health factor fell below the warning line, exactly there, and who is told that it rose again."""

import pytest
from tests.deployments import (
    BORROWER,
    DUST,
    ETH,
    HOUR,
    START,
    UNITS,
    USD,
    WHALE,
    Desk,
    named,
    offers_in,
    opening,
)

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deployment import Policy
from seawall.ledger.event import OffersContinued
from seawall.ledger.order import LiftWarning, Liquidate, Order, WarnAccount
from seawall.ledger.refusal import Refusal
from seawall.monitor.full_recompute import FullRecompute
from seawall.monitor.trigger_book import TriggerBook
from seawall.protocols.catalogue import protocol_named

LINE = 11 * 10**17
PROTOCOLS = ("seawall", "aave_v3@3.0", "aave_v3@3.6", "compound_v2@2")


def desk_with_line(protocol: str = "seawall", line_ratio: int = LINE, **policy: int) -> Desk:
    desk = Desk(protocol, policy=Policy(warning_health_ratio=line_ratio, **policy))
    desk.price(ETH=2000, USD=1, BTC=30000)
    return desk


def borrow(desk: Desk, account: bytes, dollars: int, ether: int = 10) -> tuple[Order, ...]:
    return desk.move(account, {ETH: ether * UNITS[ETH]}, {USD: dollars * UNITS[USD]})


def health(desk: Desk, account: bytes = BORROWER) -> int:
    return desk.protocol.health(desk.state.deployment, desk.row(account)).health_factor_ratio


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_falling_price_warns_before_it_liquidates_and_a_rising_one_lifts(protocol: str) -> None:
    desk = desk_with_line(protocol)
    assert borrow(desk, BORROWER, 14_000) == ()
    assert desk.price(ETH=1930) == ()
    assert desk.price(ETH=1920) == (WarnAccount(BORROWER, health(desk), LINE),)
    assert desk.price(ETH=1900) == ()
    desk.wait(HOUR)
    assert desk.price(ETH=1930) == (LiftWarning(BORROWER, Refusal.HEALTHY, START),)
    assert desk.price(ETH=1750) == (WarnAccount(BORROWER, health(desk), LINE),)
    orders = desk.price(ETH=1740)
    assert [type(order) for order in orders] == [Liquidate]
    assert desk.row(BORROWER) in desk.state.warned


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("step", [-1, 0, 1])
def test_at_exactly_the_line_nobody_is_warned(protocol: str, step: int) -> None:
    at_1850 = desk_with_line(protocol)
    borrow(at_1850, BORROWER, 14_000)
    at_1850.price(ETH=1850)
    desk = desk_with_line(protocol, health(at_1850) + step)
    borrow(desk, BORROWER, 14_000)
    assert [type(order) for order in desk.price(ETH=1850)] == ([WarnAccount] if step > 0 else [])


def test_a_fall_below_both_lines_at_once_warns_too() -> None:
    desk = desk_with_line()
    borrow(desk, BORROWER, 14_000)
    orders = desk.price(ETH=1500)
    assert [type(order) for order in orders] == [Liquidate, WarnAccount]


def test_without_a_line_nobody_is_warned() -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    assert borrow(desk, BORROWER, 15_999) == ()
    assert desk.engine.warner is None


def test_a_loan_opened_below_the_line_is_warned_at_once_and_repaying_lifts() -> None:
    desk = desk_with_line()
    assert borrow(desk, BORROWER, 15_000) == (WarnAccount(BORROWER, health(desk), LINE),)
    assert desk.move(BORROWER, debt={USD: -1_000 * UNITS[USD]}) == (LiftWarning(BORROWER, Refusal.HEALTHY, START),)
    borrow(desk, BORROWER, 1_500, 0)
    assert desk.move(BORROWER, debt={USD: -15_500 * UNITS[USD]}) == (LiftWarning(BORROWER, Refusal.NO_DEBT, START),)


def test_a_fill_that_heals_lifts_the_warning_only_above_its_line() -> None:
    desk = desk_with_line(line_ratio=104 * 10**16)
    borrow(desk, BORROWER, 15_900)
    (order,) = offers_in(desk.price(ETH=1980))
    lifted = [each for each in desk.fill(order) if isinstance(each, LiftWarning)]
    assert health(desk) >= 104 * 10**16
    assert lifted == [LiftWarning(BORROWER, Refusal.HEALTHY, START)]


def test_an_unknown_price_changes_no_warning() -> None:
    desk = desk_with_line()
    borrow(desk, BORROWER, 14_000)
    borrow(desk, WHALE, 15_000)
    assert desk.price(ETH=0) == ()
    assert list(desk.state.warned) == [desk.row(WHALE)]
    assert [type(order) for order in desk.price(ETH=1900)] == [WarnAccount]


def test_the_nearest_to_its_line_is_warned_first_and_equals_by_their_bytes() -> None:
    desk = desk_with_line()
    for account, dollars in ((named("b"), 14_000), (named("a"), 14_000), (DUST, 14_100)):
        borrow(desk, account, dollars)
    assert [order.account for order in desk.price(ETH=1900)] == [DUST, named("a"), named("b")]


def test_warnings_wait_behind_offers() -> None:
    desk = desk_with_line(offers_per_event_max=2)
    for nth in range(5):
        borrow(desk, named(f"borrower {nth}"), 15_000 + 100 * nth)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 13_000 * UNITS[USD]})
    warned = len(desk.state.warned)
    assert warned == 5
    assert [type(order) for order in desk.price(ETH=1780)] == [Liquidate] * 2
    assert [type(order) for order in desk.tell(OffersContinued(desk.at, 2))] == [Liquidate] * 2
    assert [type(order) for order in desk.tell(OffersContinued(desk.at))] == [Liquidate, WarnAccount]


def test_a_line_at_or_below_the_line_of_liquidation_is_refused() -> None:
    for line_ratio in (1, WAD):
        engine = Engine(protocol_named, FullRecompute)
        with pytest.raises(ConfigError, match=f"warning health factor {line_ratio} .* is not above"):
            engine.apply(opening(policy=Policy(warning_health_ratio=line_ratio)))


def test_warnings_are_in_the_digest_and_come_back_with_a_snapshot() -> None:
    desk = desk_with_line()
    borrow(desk, WHALE, 13_000)
    borrow(desk, BORROWER, 14_500)
    before = desk.state.digest()
    engine = Engine(protocol_named, TriggerBook)
    engine.restore(State.restored(desk.state.canonical_bytes()))
    assert engine.state.digest() == before
    for price in (1900, 1700, 2100, 1750):
        orders = desk.price(ETH=price)
        assert engine.apply(desk.events[-1]) == orders
        assert engine.state.digest() == desk.state.digest()
    desk.state.warned[desk.row(BORROWER)] += 1
    assert engine.state.digest() != desk.state.digest()


def test_either_monitor_gives_the_same_orders() -> None:
    desk = desk_with_line()
    for nth in range(90):
        borrow(desk, named(f"borrower {nth}"), 10_000 + 60 * nth)
    for price in (1950, 1700, 1500, 1501, 2200, 1800):
        desk.price(ETH=price)
    engine = Engine(protocol_named, TriggerBook)
    assert [engine.apply(event) for event in desk.events] == desk.said
    assert sum(isinstance(order, LiftWarning) for said in desk.said for order in said) > 50
