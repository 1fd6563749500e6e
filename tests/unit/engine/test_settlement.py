"""A fill comes back: what it moves, what it must not move, and who pays for what is lost."""

from typing import Any

import pytest
from tests.deployments import BORROWER, DUST, ETH, HOUR, UNITS, USD, Desk, below_the_line, offers_in

from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.event import FillsReported
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.ledger.order import AbsorbLoss, CancelOrder, Liquidate, Order, Payment, RefuseFill, SettleFill
from seawall.ledger.refusal import Refusal


def names(orders: tuple[Order, ...]) -> list[str]:
    return [type(order).__name__ for order in orders]


def reason_of(orders: tuple[Order, ...]) -> Refusal:
    (refused,) = orders
    assert isinstance(refused, RefuseFill)
    assert (refused.account, refused.keeper) == (BORROWER, 7)
    return refused.reason


def test_a_part_leaves_the_order_open_and_the_rest_closes_it() -> None:
    desk, order = below_the_line()
    (part,) = desk.fill(order, 100 * UNITS[USD])
    assert isinstance(part, SettleFill)
    assert part.health_factor_ratio_before < part.health_factor_ratio_after
    assert desk.balance(BORROWER, USD, DEBT) == 15_800 * UNITS[USD]
    assert desk.balance(BORROWER, ETH, COLLATERAL) == 10 * UNITS[ETH] - part.seize_amount - part.fee_amount
    rest, closed = desk.fill(order, 3_900 * UNITS[USD], fill_id=1)
    assert isinstance(rest, SettleFill)
    assert closed == CancelOrder(order.order_id, BORROWER, Refusal.HEALTHY, desk.at)


def test_a_settled_fill_says_values_at_the_mark_and_how_long_the_account_was_below() -> None:
    desk, order = below_the_line()
    below_since = desk.at
    desk.wait(77)
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    assert settled.below_since == below_since
    assert settled.repay_value == settled.repay_amount * 10**12
    assert settled.seize_value == settled.seize_amount * 1980
    assert settled.fee_value == settled.fee_amount * 1980
    assert (settled.debt_price, settled.collateral_price) == (10**18, 1980 * 10**18)


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2", "aave_v3"])
def test_a_fill_that_is_too_large_is_cut_or_refused_as_the_rule_says(protocol: str) -> None:
    desk, order = below_the_line(protocol)
    first = desk.fill(order, order.repay_amount_max + 1)[0]
    if protocol == "compound_v2":
        assert isinstance(first, RefuseFill)
        assert first.reason is Refusal.CLOSE_FACTOR_EXCEEDED
    else:
        assert isinstance(first, SettleFill)
        assert first.repay_amount == order.repay_amount_max


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"order_id": 2}, Refusal.ORDER_UNKNOWN),
        ({"order_id": 0}, Refusal.ORDER_UNKNOWN),
        ({"repay_amount": 0}, Refusal.ZERO_AMOUNT),
        ({"repay_amount": -1}, Refusal.ZERO_AMOUNT),
        ({"debt_market": ETH}, Refusal.NO_DEBT),
        ({"collateral_market": USD}, Refusal.NO_COLLATERAL),
    ],
)
def test_a_refused_fill_moves_nothing_and_may_come_again(changed: dict[str, Any], reason: Refusal) -> None:
    desk, order = below_the_line()
    twin, _ = below_the_line()
    assert reason_of(desk.fill(order, **changed)) is reason
    twin.tell(FillsReported(twin.at, ()))
    assert desk.state.digest() == twin.state.digest()
    assert names(desk.fill(order)) == ["SettleFill", "CancelOrder"]


def test_an_order_is_of_one_account_only() -> None:
    desk, order = below_the_line()
    (refused,) = desk.fill(order, account=DUST)
    assert isinstance(refused, RefuseFill)
    assert (refused.account, refused.reason) == (DUST, Refusal.ORDER_UNKNOWN)


def test_two_fills_with_one_id_are_one() -> None:
    desk, order = below_the_line()
    twin, _ = below_the_line()
    part = 100 * UNITS[USD]
    assert names(desk.fill(order, part)) == names(twin.fill(order, part)) == ["SettleFill"]
    assert reason_of(desk.fill(order, part)) is Refusal.FILL_REPEATED
    # Another amount under the same id is the same fill.
    assert reason_of(desk.fill(order, 2 * part)) is Refusal.FILL_REPEATED
    for _ in range(2):
        twin.tell(FillsReported(twin.at, ()))
    assert desk.state.digest() == twin.state.digest()
    assert names(desk.fill(order, part, fill_id=1)) == ["SettleFill"]


def test_two_fills_with_one_id_in_one_event_are_one() -> None:
    desk, order = below_the_line()
    fill = desk.fill_of(order, 100 * UNITS[USD])
    assert names(desk.tell(FillsReported(desk.at, (fill, fill)))) == ["SettleFill", "RefuseFill"]
    assert desk.balance(BORROWER, USD, DEBT) == 15_800 * UNITS[USD]


@pytest.mark.parametrize(
    ("waited_ms", "said"),
    [
        (HOUR - 1, ["SettleFill"]),
        (HOUR, ["SettleFill", "CancelOrder", "Liquidate"]),
        (HOUR + 1, ["RefuseFill", "CancelOrder", "Liquidate"]),
    ],
)
def test_an_order_takes_fills_until_it_expires(waited_ms: int, said: list[str]) -> None:
    desk, order = below_the_line(policy=Policy(order_lifetime_ms=HOUR))
    desk.wait(waited_ms)
    assert names(desk.fill(order, UNITS[USD])) == said


@pytest.mark.parametrize(
    ("protocol", "waited_ms", "is_settled"),
    [
        ("seawall", HOUR - 1, True),
        ("seawall", HOUR, True),
        ("seawall", HOUR + 1, False),
        ("compound_v2", HOUR + 1, True),
        ("aave_v3", HOUR + 1, True),
    ],
)
def test_our_own_rule_settles_nothing_on_a_stale_price_and_contracts_do(
    protocol: str, waited_ms: int, is_settled: bool
) -> None:
    desk, order = below_the_line(protocol, oracle_rules={ETH: OracleRule(price_age_ms_max=HOUR)})
    desk.wait(waited_ms)
    orders = desk.fill(order, UNITS[USD])
    assert isinstance(orders[0], SettleFill) is is_settled
    if not is_settled:
        assert reason_of(orders[:1]) is Refusal.PRICE_STALE


@pytest.mark.parametrize(("level", "is_settled"), [(0, True), (1, True), (2, False), (3, False)])
@pytest.mark.parametrize("market", [ETH, USD])
def test_a_halted_market_settles_nothing_on_either_side(market: int, level: int, is_settled: bool) -> None:
    desk, order = below_the_line(operators=("operator",), check=lambda _: True)
    desk.decide(market, level)
    orders = desk.fill(order)
    assert isinstance(orders[0], SettleFill) is is_settled
    if not is_settled:
        assert reason_of(orders) is Refusal.MARKET_HALTED


@pytest.mark.parametrize(("waited_ms", "is_settled"), [(HOUR - 1, False), (HOUR, True), (HOUR + 1, True)])
def test_after_a_halt_borrowers_have_their_grace(waited_ms: int, is_settled: bool) -> None:
    given: dict[str, Any] = {"operators": ("operator",), "check": lambda _: True}
    desk, order = below_the_line(policy=Policy(grace_period_ms=HOUR), **given)
    desk.decide(ETH, 2)
    desk.decide(ETH, 0)
    desk.wait(waited_ms)
    orders = desk.fill(order)
    assert isinstance(orders[0], SettleFill) is is_settled
    if not is_settled:
        assert reason_of(orders) is Refusal.GRACE_PERIOD


# -- losses ---------------------------------------------------------------------------------------------------


def lost_loan(protocol: str, **buffers: int) -> tuple[Desk, tuple[Order, ...]]:
    """Return 1 ETH against 1,590 USD whose price fell to 500, all of it filled; `buffers` hold whole USD."""
    given = tuple(Buffer(name, ((USD, whole * UNITS[USD]),) if whole else ()) for name, whole in buffers.items())
    desk = Desk(protocol, policy=Policy(buffers=given))
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: UNITS[ETH]}, {USD: 1_590 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=500))
    return desk, desk.fill(order)


@pytest.mark.parametrize(
    ("fee_reserve", "insurance_fund", "payers"),
    [
        (0, 0, ["socialized_loss"]),
        (100, 0, ["fee_reserve", "socialized_loss"]),
        (0, 100, ["insurance_fund", "socialized_loss"]),
        (100, 200, ["fee_reserve", "insurance_fund", "socialized_loss"]),
        (100, 100_000, ["fee_reserve", "insurance_fund"]),
        (100_000, 100, ["fee_reserve"]),
    ],
)
@pytest.mark.parametrize("protocol", ["aave_v3@3.3", "aave_v3"])
def test_what_is_lost_is_paid_in_order_and_to_the_unit(
    protocol: str, fee_reserve: int, insurance_fund: int, payers: list[str]
) -> None:
    desk, orders = lost_loan(protocol, fee_reserve=fee_reserve, insurance_fund=insurance_fund)
    settled, absorbed, closed = orders
    assert isinstance(settled, SettleFill)
    assert isinstance(absorbed, AbsorbLoss)
    assert closed == CancelOrder(1, BORROWER, Refusal.NO_DEBT, desk.at)
    assert absorbed.bad_debt_amount == 1_590 * UNITS[USD] - settled.repay_amount
    assert absorbed.bad_debt_value == absorbed.bad_debt_amount * 10**12
    assert [payment.absorber for payment in absorbed.payments] == payers
    assert sum(payment.amount for payment in absorbed.payments) == absorbed.bad_debt_amount
    paid = {payment.absorber: payment.amount for payment in absorbed.payments}
    held = {name: amounts.get(USD, 0) for name, amounts in desk.state.buffers}
    assert held == {
        "fee_reserve": fee_reserve * UNITS[USD] - paid.get("fee_reserve", 0),
        "insurance_fund": insurance_fund * UNITS[USD] - paid.get("insurance_fund", 0),
    }
    assert desk.state.deployment.market_states[USD].bad_debt_amount == absorbed.bad_debt_amount
    assert desk.state.deployment.book.balance_totals == [0] * 6


@pytest.mark.parametrize("protocol", ["compound_v2", "aave_v3@3.0"])
def test_a_contract_that_writes_nothing_off_leaves_the_debt(protocol: str) -> None:
    desk, orders = lost_loan(protocol, insurance_fund=100_000)
    assert "AbsorbLoss" not in names(orders)
    assert desk.balance(BORROWER, USD, DEBT) > 0
    assert desk.state.buffers == [("insurance_fund", {USD: 100_000 * UNITS[USD]})]


def test_fees_feed_the_reserve_of_their_asset() -> None:
    desk, order = below_the_line(policy=Policy(buffers=(Buffer("insurance_fund", ()), Buffer("fee_reserve", ()))))
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    assert desk.state.buffers == [("insurance_fund", {}), ("fee_reserve", {ETH: settled.fee_amount})]
    assert desk.state.deployment.market_states[ETH].fee_amount == settled.fee_amount > 0


def test_our_own_rule_writes_off_what_no_collateral_can_repay_and_still_offers_the_rest() -> None:
    fund = Policy(buffers=(Buffer("insurance_fund", ((USD, 10 * UNITS[USD]),)),))
    desk = Desk(policy=fund)
    desk.price(ETH=2000, USD=1)
    desk.move(DUST, {ETH: UNITS[ETH] // 20}, {USD: 79 * UNITS[USD]})
    absorbed, offer = desk.price(ETH=500)
    # 25 of collateral repay 25 / 1.025 = 24.39 at the least bonus; the other 54.6 of 79 are lost.
    assert absorbed == AbsorbLoss(
        DUST,
        USD,
        54_609_757,
        54_609_757 * 10**12,
        (Payment("insurance_fund", 10_000_000), Payment("socialized_loss", 44_609_757)),
    )
    assert isinstance(offer, Liquidate)
    assert desk.balance(DUST, USD, DEBT) == 79_000_000 - 54_609_757
    assert names(desk.fill(offer))[:1] == ["SettleFill"]


@pytest.mark.parametrize(("level", "said"), [(1, ["AbsorbLoss", "Liquidate"]), (2, ["DeclineAccount"])])
def test_a_halted_market_writes_nothing_off(level: int, said: list[str]) -> None:
    desk = Desk(operators=("operator",), check=lambda _: True)
    desk.price(ETH=2000, USD=1)
    desk.move(DUST, {ETH: UNITS[ETH] // 20}, {USD: 79 * UNITS[USD]})
    desk.decide(USD, level)
    assert names(desk.price(ETH=500)) == said
