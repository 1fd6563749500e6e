"""Withdrawals at work: what leaves is counted, the gate closes on a loss that waits and on an outage, and who asks is told."""

from msgspec.structs import replace
from tests.deployments import DUST, ETH, HOUR, LENDER, UNITS, USD, WHALE, Desk, changes

from seawall.engine.state import State
from seawall.engine.view import EngineView
from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber, Buffer, Policy, WithdrawalLimit, WithdrawalRule
from seawall.ledger.event import FundChanged
from seawall.ledger.market import COLLATERAL, slot_of
from seawall.ledger.order import CloseWithdrawals, OpenWithdrawals, Order
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import TakeDebt, Transfer, Withdraw

DOLLAR = UNITS[USD]
RULE = WithdrawalRule(closing_value=50 * WAD, opening_value=10 * WAD, outage_ms_max=2 * HOUR, reopen_ms=HOUR)
POLICY = Policy(buffers=(Buffer("insurance_fund", ()),), absorbers=(Absorber(("insurance_fund",)),), withdrawals=RULE)


def desk_of(*limits: WithdrawalLimit, policy: Policy = POLICY) -> Desk:
    assert policy.withdrawals is not None
    desk = Desk(policy=replace(policy, withdrawals=replace(policy.withdrawals, limits=limits)))
    desk.price(ETH=4000, USD=1)
    desk.move(LENDER, {USD: 1_000 * DOLLAR})
    return desk


def lose(desk: Desk) -> tuple[Order, ...]:
    """Let 54.609757 dollars be lost and uncovered."""
    desk.move(DUST, {ETH: UNITS[ETH] // 20}, {USD: 79 * DOLLAR})
    return desk.price(ETH=500)


def said(orders: tuple[Order, ...]) -> list[Order]:
    return [order for order in orders if isinstance(order, CloseWithdrawals | OpenWithdrawals)]


def answer(desk: Desk, whole: int) -> Refusal | None:
    return EngineView(desk.engine).what_if(LENDER, Withdraw(USD, whole * DOLLAR)).refusal


def feed(desk: Desk, amount: int) -> tuple[Order, ...]:
    return desk.tell(FundChanged(desk.at, "insurance_fund", USD, amount))


def test_a_loss_that_waits_closes_withdrawals_and_paying_it_opens_them_later():
    desk = desk_of()
    assert answer(desk, 1) is None
    assert said(lose(desk)) == [CloseWithdrawals(54_609_757 * 10**12)]
    assert answer(desk, 1) is Refusal.WITHDRAWALS_CLOSED
    asked = EngineView(desk.engine).what_if(LENDER, Transfer(USD, DOLLAR, WHALE))
    assert asked.refusal is Refusal.WITHDRAWALS_CLOSED
    assert EngineView(desk.engine).what_if(LENDER, TakeDebt(USD, DOLLAR)).refusal is not Refusal.WITHDRAWALS_CLOSED
    desk.wait(5)
    assert said(feed(desk, 44_609_756)) == []
    desk.wait(HOUR)
    assert said(desk.block()) == []
    assert said(feed(desk, 1)) == []
    desk.wait(HOUR - 1)
    assert said(desk.block()) == []
    desk.wait(1)
    assert said(desk.block()) == [OpenWithdrawals()]
    assert answer(desk, 1) is None


def test_a_loss_whose_price_is_unknown_closes_withdrawals():
    desk = desk_of(policy=replace(POLICY, withdrawals=replace(RULE, closing_value=60 * WAD)))
    assert said(lose(desk)) == []
    assert said(desk.price(USD=0)) == [CloseWithdrawals(None)]


def test_an_outage_closes_withdrawals_for_as_long_as_a_quiet_time_takes():
    desk = desk_of()
    desk.wait(2 * HOUR)
    assert said(desk.block()) == []
    desk.wait(2 * HOUR + 1)
    assert said(desk.block()) == [CloseWithdrawals(0)]
    desk.wait(HOUR)
    assert said(desk.block()) == [OpenWithdrawals()]


def test_what_left_in_the_window_is_counted_and_what_moves_between_accounts_is_not():
    desk = desk_of(WithdrawalLimit(HOUR, ratio=WAD // 10))
    assert (answer(desk, 100), answer(desk, 101)) == (None, Refusal.WITHDRAWAL_LIMIT)
    desk.move(LENDER, {USD: -60 * DOLLAR})
    assert (answer(desk, 40), answer(desk, 41)) == (None, Refusal.WITHDRAWAL_LIMIT)
    slot = slot_of(USD, COLLATERAL)
    desk.tell(changes(desk.at, (LENDER, slot, -30 * DOLLAR), (WHALE, slot, 30 * DOLLAR)))
    assert (answer(desk, 40), answer(desk, 41)) == (None, Refusal.WITHDRAWAL_LIMIT)
    desk.wait(HOUR)
    desk.block()
    assert (answer(desk, 94), answer(desk, 95)) == (None, Refusal.WITHDRAWAL_LIMIT)
    desk.price(USD=0)
    assert answer(desk, 1) is Refusal.PRICE_MISSING


def test_what_is_older_than_the_longest_window_is_forgotten():
    desk = desk_of(WithdrawalLimit(HOUR, ratio=WAD // 10), WithdrawalLimit(2 * HOUR, ratio=WAD // 5))
    desk.move(LENDER, {USD: -DOLLAR})
    desk.wait(2 * HOUR - 1)
    desk.move(LENDER, {USD: -DOLLAR})
    assert desk.state.withdrawals is not None
    assert len(desk.state.withdrawals.outflows[USD]) == 2
    desk.wait(1)
    desk.move(LENDER, {USD: -DOLLAR})
    assert len(desk.state.withdrawals.outflows[USD]) == 2


def test_debts_and_deposits_are_no_outflow():
    desk = desk_of()
    lose(desk)
    assert desk.state.withdrawals is not None
    assert desk.state.withdrawals.outflows == [[], [], []]


def test_a_restored_state_goes_on_with_its_gate():
    desk = desk_of(WithdrawalLimit(HOUR, ratio=WAD // 10))
    desk.move(LENDER, {USD: -DOLLAR})
    lose(desk)
    restored = State.restored(desk.state.canonical_bytes())
    assert restored.withdrawals == desk.state.withdrawals
    assert restored.canonical_bytes() == desk.state.canonical_bytes()
