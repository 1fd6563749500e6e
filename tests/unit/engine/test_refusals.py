"""Every reason that the engine can give, each in the smallest deployment that brings it about."""

from collections.abc import Callable

import msgspec
import pytest
from tests.deployments import (
    BORROWER,
    BTC,
    DUST,
    ETH,
    HOUR,
    START,
    UNITS,
    USD,
    Desk,
    below_the_line,
    ratio,
    risk,
)

from seawall.ledger.deployment import Buffer, OracleRule, Policy
from seawall.ledger.event import FundChanged, PriceRuledInvalid, SizeProposed
from seawall.ledger.order import CancelOrder, DeclineAccount, Order, RefuseEvent, RefuseFill
from seawall.ledger.refusal import Refusal

Orders = tuple[Order, ...]

AGING = {ETH: OracleRule(price_age_ms_max=HOUR)}
TWO_SOURCES = {ETH: OracleRule(divergence_ratio_max=ratio(1))}
GRACE = Policy(grace_period_ms=HOUR)


def healthy_again() -> Orders:
    desk, _ = below_the_line()
    return desk.price(ETH=2000)


def nothing_owed() -> Orders:
    desk, _ = below_the_line()
    return desk.move(BORROWER, debt={USD: -15_900 * UNITS[USD]})


def nothing_held() -> Orders:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1)
    return desk.move(BORROWER, debt={USD: 100 * UNITS[USD]})


def price_is_gone() -> Orders:
    desk, order = below_the_line()
    desk.price(ETH=0)
    return desk.fill(order)


def price_is_old() -> Orders:
    desk, order = below_the_line(oracle_rules=AGING)
    desk.wait(HOUR + 1)
    return desk.fill(order)


def sources_disagree() -> Orders:
    desk, order = below_the_line(oracle_rules=TWO_SOURCES)
    desk.price(source=1, ETH=2100)
    # The market is halted as well; its own refusal comes first, so the account is one of another market's.
    return desk.fill(order, debt_market=USD, collateral_market=BTC)


def more_than_the_close_factor() -> Orders:
    desk, order = below_the_line("compound_v2")
    return desk.fill(order, order.repay_amount_max + 1)


def more_than_the_collateral() -> Orders:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH], BTC: UNITS[BTC] // 10}, {USD: 18_000 * UNITS[USD]})
    (order,) = desk.price(ETH=1980)
    return desk.fill(order, collateral_market=BTC)


def half_of_one_unit() -> Orders:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1, BTC=30000)
    return desk.move(DUST, {ETH: 1}, {BTC: 1})


def part_that_leaves_dust() -> Orders:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    desk.move(DUST, {ETH: 6 * UNITS[ETH] // 100}, {USD: 95_500_000})
    (order,) = desk.price(ETH=1980)
    return desk.fill(order, order.repay_amount_max - 1)


def part_that_lowers_health() -> Orders:
    desk, order = below_the_line()
    desk.price(ETH=1600)
    return desk.fill(order, order.repay_amount_max)


def rounding_takes_it_all() -> Orders:
    desk = Desk()
    desk.price(ETH=2000, USD=1, BTC=30000)
    return desk.move(DUST, {BTC: 1}, {USD: 1_000})


def market_is_halted() -> Orders:
    desk, order = below_the_line(operators=("operator",), check=lambda _: True)
    desk.decide(ETH, 2)
    return desk.fill(order)


def borrowers_may_cure() -> Orders:
    desk, order = below_the_line(operators=("operator",), check=lambda _: True, policy=GRACE)
    desk.decide(ETH, 2)
    desk.decide(ETH, 0)
    return desk.fill(order)


def nobody_is_left_to_take_over() -> Orders:
    desk = Desk("liquity_v2")
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER + b"\0\0", {0: 11 * UNITS[ETH]}, {0: 20_000 * UNITS[USD]})
    return desk.price(ETH=1990)


def order_of_nobody() -> Orders:
    desk, order = below_the_line()
    return desk.fill(order, order_id=order.order_id + 1)


def order_is_old() -> Orders:
    desk, order = below_the_line(policy=Policy(order_lifetime_ms=HOUR))
    desk.wait(HOUR + 1)
    return desk.fill(order)


def fill_comes_twice() -> Orders:
    desk, order = below_the_line()
    desk.fill(order, 100 * UNITS[USD])
    return desk.fill(order, 100 * UNITS[USD])


def fill_of_nothing() -> Orders:
    desk, order = below_the_line()
    return desk.fill(order, 0)


def more_than_is_held() -> Orders:
    desk, _ = below_the_line()
    return desk.move(BORROWER, {ETH: -11 * UNITS[ETH]})


def category_of_nobody() -> Orders:
    desk, _ = below_the_line()
    return desk.categorise(BORROWER, 256)


def market_of_nobody() -> Orders:
    desk, order = below_the_line()
    return desk.fill(order, debt_market=3)


def toxic_market() -> Orders:
    return Desk().govern(BTC, risk(95, 10, 10))


def parameters_of_nobody() -> Orders:
    desk, _ = below_the_line()
    return desk.govern(ETH, risk(95, 10, 10))


def level_of_nobody() -> Orders:
    desk, _ = below_the_line(operators=("operator",), check=lambda _: True)
    return desk.decide(ETH, 4)


def operator_of_nobody() -> Orders:
    desk, _ = below_the_line(operators=("operator",), check=lambda _: True)
    return desk.decide(ETH, 1, operator="stranger")


def signature_of_nobody() -> Orders:
    desk, _ = below_the_line(operators=("operator",), check=lambda event: event.signature == "signed")
    return desk.decide(ETH, 1, signature="forged")


def fund_of_nobody() -> Orders:
    desk, _ = below_the_line()
    return desk.tell(FundChanged(desk.at, "insurance_fund", USD, 1))


def more_than_the_fund_holds() -> Orders:
    desk, _ = below_the_line(policy=Policy(buffers=(Buffer("insurance_fund", ((USD, 4),)),)))
    return desk.tell(FundChanged(desk.at, "insurance_fund", USD, -5))


def ruling_on(from_at: int) -> Orders:
    policy = Policy(buffers=(Buffer("insurance_fund", ()),), restitution_window_ms=HOUR)
    desk, _ = below_the_line(policy=policy, operators=("operator",), check=lambda _: True)
    desk.wait(HOUR)
    return desk.tell(PriceRuledInvalid(desk.at, "operator", ETH, from_at, desk.at, "insurance_fund", USD, "signed"))


def ruling_on_what_is_forgotten() -> Orders:
    return ruling_on(START)


def ruling_that_hit_nobody() -> Orders:
    return ruling_on(START + 1)


def beyond_the_proposed_size() -> Orders:
    desk, order = below_the_line(policy=Policy(accepts_proposals=True))
    desk.tell(SizeProposed(desk.at, BORROWER, USD, ETH, 1_000 * UNITS[USD]))
    return desk.fill(order, 1_001 * UNITS[USD])


def proposal_where_none_is_taken() -> Orders:
    desk, _ = below_the_line()
    return desk.tell(SizeProposed(desk.at, BORROWER, USD, ETH, 1_000 * UNITS[USD]))


SAID: dict[Refusal, Callable[[], Orders]] = {
    Refusal.HEALTHY: healthy_again,
    Refusal.NO_DEBT: nothing_owed,
    Refusal.NO_COLLATERAL: nothing_held,
    Refusal.PRICE_MISSING: price_is_gone,
    Refusal.PRICE_STALE: price_is_old,
    Refusal.PRICE_CONTRADICTORY: sources_disagree,
    Refusal.CLOSE_FACTOR_EXCEEDED: more_than_the_close_factor,
    Refusal.COLLATERAL_EXCEEDED: more_than_the_collateral,
    Refusal.BELOW_DUST: half_of_one_unit,
    Refusal.LEAVES_DUST: part_that_leaves_dust,
    Refusal.TOXIC: part_that_lowers_health,
    Refusal.NOTHING_SEIZED: rounding_takes_it_all,
    Refusal.MARKET_HALTED: market_is_halted,
    Refusal.GRACE_PERIOD: borrowers_may_cure,
    Refusal.LAST_ACCOUNT: nobody_is_left_to_take_over,
    Refusal.ORDER_UNKNOWN: order_of_nobody,
    Refusal.ORDER_EXPIRED: order_is_old,
    Refusal.FILL_REPEATED: fill_comes_twice,
    Refusal.ZERO_AMOUNT: fill_of_nothing,
    Refusal.EVENT_MALFORMED: category_of_nobody,
    Refusal.BALANCE_EXCEEDED: more_than_is_held,
    Refusal.MARKET_UNKNOWN: market_of_nobody,
    Refusal.PARAMETERS_REFUSED: toxic_market,
    Refusal.PARAMETERS_REFUSED: parameters_of_nobody,
    Refusal.LEVEL_UNKNOWN: level_of_nobody,
    Refusal.OPERATOR_UNKNOWN: operator_of_nobody,
    Refusal.SIGNATURE_INVALID: signature_of_nobody,
    Refusal.FUND_UNKNOWN: fund_of_nobody,
    Refusal.FUND_OVERDRAWN: more_than_the_fund_holds,
    Refusal.RULING_TOO_LATE: ruling_on_what_is_forgotten,
    Refusal.NOTHING_CLAIMED: ruling_that_hit_nobody,
    Refusal.PROPOSAL_EXCEEDED: beyond_the_proposed_size,
    Refusal.PROPOSALS_CLOSED: proposal_where_none_is_taken,
}


OF_AUCTIONS = {
    Refusal.NO_AUCTION, Refusal.AUCTION_ONLY, Refusal.AUCTION_LIMIT, Refusal.AUCTION_UNKNOWN, Refusal.AUCTION_CLOSED,
    Refusal.AUCTION_RUNNING, Refusal.BID_REPEATED, Refusal.BID_TOO_LOW, Refusal.LOT_EXCEEDED, Refusal.LOT_DIFFERS,
    Refusal.DEBT_EXCEEDED, Refusal.BOND_MISSING, Refusal.COMMITMENT_MISSING, Refusal.REVEAL_DIFFERS,
}  # fmt: skip
"""Said by the auction house, whose tests have a table of their own."""
OF_DELEVERAGING = {reason for reason in Refusal if reason.name.startswith("WINNER")}
"""Said by the rules of deleveraging, which have tests of theirs."""


OF_QUESTIONS = {
    Refusal.INITIAL_MARGIN_MISSING,
    Refusal.MARKET_ISOLATED,
    Refusal.WITHDRAWALS_CLOSED,
    Refusal.WITHDRAWAL_LIMIT,
}
"""Said in answer to a question of what an account may do."""
OF_DELEVERAGING = {Refusal.WINNER_MALFORMED, Refusal.WINNERS_PAY_NOTHING}
"""Said by the rule that ranks winners, whose tests bring them about."""


def test_the_table_holds_every_reason() -> None:
    assert set(SAID) == set(Refusal) - OF_AUCTIONS - OF_QUESTIONS - OF_DELEVERAGING


@pytest.mark.parametrize("reason", SAID, ids=lambda reason: reason.value)
def test_the_engine_says_the_reason(reason: Refusal) -> None:
    orders = SAID[reason]()
    assert reason in reasons_in(orders), msgspec.to_builtins(orders)


def reasons_in(orders: Orders) -> list[Refusal]:
    speaking = (CancelOrder, DeclineAccount, RefuseFill, RefuseEvent)
    return [order.reason for order in orders if isinstance(order, speaking)]
