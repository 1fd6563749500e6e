"""Losses at work: who pays by a configured waterfall, within which budgets, and how what waits is paid later."""

from dataclasses import dataclass

import pytest
from tests.deployments import (
    BORROWER,
    BTC,
    DUST,
    ETH,
    HOUR,
    UNITS,
    USD,
    WHALE,
    Desk,
    below_the_line,
    engine_of,
    offers_in,
    opening,
)

from seawall.engine.state import State
from seawall.errors import ConfigError
from seawall.fixed import WAD
from seawall.ledger.deployment import Absorber, Buffer, Policy
from seawall.ledger.event import FundChanged
from seawall.ledger.order import AbsorbLoss, Order, PayLoss, Payment, RefuseEvent, SettleFill
from seawall.ledger.refusal import Refusal

LOST = 54_609_757
"""What is written off of DUST's 79 USD when its twentieth of an ETH is worth 25, in base units."""
DOLLAR = UNITS[USD]


def fund(name: str = "insurance_fund", whole: int = 0, fee_ratio: int = 0) -> Buffer:
    return Buffer(name, ((USD, whole * DOLLAR),) if whole else (), fee_ratio)


def desk_of(*absorbers: Absorber, buffers: tuple[Buffer, ...] = (fund(whole=10),)) -> Desk:
    desk = Desk(policy=Policy(buffers=buffers, absorbers=absorbers))
    desk.price(ETH=2000, USD=1, BTC=30_000)
    return desk


def lose(desk: Desk, account: bytes = DUST) -> AbsorbLoss:
    """Let an account lose LOST."""
    desk.price(ETH=4000)
    desk.move(account, {ETH: UNITS[ETH] // 20}, {USD: 79 * DOLLAR})
    return next(order for order in desk.price(ETH=500) if isinstance(order, AbsorbLoss) and order.account == account)


def paid(order: AbsorbLoss | PayLoss) -> dict[str, int]:
    return {payment.absorber: payment.amount for payment in order.payments}


def feed(desk: Desk, amount: int, name: str = "insurance_fund", asset: int = USD) -> tuple[Order, ...]:
    return desk.tell(FundChanged(desk.at, name, asset, amount))


def late(orders: tuple[Order, ...]) -> list[PayLoss]:
    return [order for order in orders if isinstance(order, PayLoss)]


def test_the_configured_order_decides_and_not_that_of_the_buffers():
    buffers = (fund("a", 10), fund("b", 10), fund("c", 10))
    desk = desk_of(Absorber(("c",)), Absorber(("a",)), Absorber(("socialized_loss",)), buffers=buffers)
    assert lose(desk).payments == (
        Payment("c", 10 * DOLLAR),
        Payment("a", 10 * DOLLAR),
        Payment("socialized_loss", LOST - 20 * DOLLAR),
    )
    assert [held[USD] for _, held in desk.state.buffers] == [0, 10 * DOLLAR, 0]


def test_a_fund_of_other_markets_does_not_pay():
    buffers = (fund("bitcoin_fund", 100), fund("dollar_fund", 100))
    desk = desk_of(Absorber(("bitcoin_fund",), markets=(BTC,)), Absorber(("dollar_fund",), markets=(BTC, USD)),
                   buffers=buffers)  # fmt: skip
    assert paid(lose(desk)) == {"dollar_fund": LOST}


def test_markets_of_an_absorber_are_markets_and_not_their_assets():
    absorbers = (Absorber(("insurance_fund",), markets=(0,)), Absorber(("socialized_loss",)))
    desk = Desk("morpho_blue", policy=Policy(buffers=(fund(whole=10),), absorbers=absorbers))
    desk.price(ETH=2000, USD=1, BTC=30_000)
    desk.move(BORROWER + b"\0\0", {0: UNITS[ETH]}, {0: 1_590 * DOLLAR})
    (offer,) = offers_in(desk.price(ETH=500))
    (lost,) = (order for order in desk.fill(offer) if isinstance(order, AbsorbLoss))
    assert paid(lost)["insurance_fund"] == 10 * DOLLAR


def test_backstop_and_junior_tranche_pay_together():
    buffers = (fund("pool", 1_000), fund("junior", 10))
    by_holding = desk_of(Absorber(("pool", "junior")), buffers=buffers)
    assert paid(lose(by_holding)) == {"pool": 54_069_066, "junior": 540_691}
    by_share = desk_of(Absorber(("pool", "junior"), (WAD // 2, WAD // 2)), buffers=buffers)
    assert paid(lose(by_share)) == {"pool": LOST - 10 * DOLLAR, "junior": 10 * DOLLAR}


def test_a_loss_is_entered_by_account_and_episode():
    desk = desk_of(Absorber(("insurance_fund",)), Absorber(("socialized_loss",)))
    desk.wait(5)
    first = lose(desk)
    desk.wait(7)
    second = lose(desk, WHALE)
    assert (first.entry_number, first.below_since) == (1, desk.at - 7)
    assert (second.entry_number, second.below_since) == (2, desk.at)
    ledger = desk.state.loss_ledger
    assert ledger is not None
    assert [(entry.account, entry.below_since, entry.amount) for entry in ledger.entries] == [
        (DUST, desk.at - 7, LOST),
        (WHALE, desk.at, LOST),
    ]
    assert paid(second) == {"socialized_loss": LOST}


def test_without_absorbers_there_is_no_ledger_and_an_order_says_nothing_of_one():
    desk = desk_of()
    lost = lose(desk)
    assert desk.state.loss_ledger is None
    assert (lost.entry_number, lost.below_since) == (0, 0)
    assert b"loss_ledger" not in desk.state.canonical_bytes()


@pytest.mark.parametrize(
    ("waited_ms", "drawn"),
    [(HOUR - 1, 0), (HOUR, 4 * DOLLAR), (HOUR + 1, 4 * DOLLAR)],
)
def test_a_budget_is_there_again_when_its_window_has_passed(waited_ms, drawn):
    desk = desk_of(Absorber(("insurance_fund",), budget_value=4 * WAD, window_ms=HOUR), Absorber(("socialized_loss",)))
    assert paid(lose(desk)) == {"insurance_fund": 4 * DOLLAR, "socialized_loss": LOST - 4 * DOLLAR}
    desk.wait(waited_ms)
    assert paid(lose(desk, WHALE)).get("insurance_fund", 0) == drawn


def test_a_budget_is_spent_at_the_price_of_each_payment_and_rounded_against_the_payer():
    desk = desk_of(Absorber(("insurance_fund",), budget_value=4 * WAD, window_ms=HOUR), Absorber(("socialized_loss",)))
    desk.price(USD="1.5")
    assert paid(lose(desk))["insurance_fund"] == 2_666_666
    assert desk.state.loss_ledger is not None
    assert [draw.value for draw in desk.state.loss_ledger.draws[0]] == [2_666_666 * 10**12 * 3 // 2]


def test_what_nobody_could_pay_waits_for_a_fund_that_is_fed():
    desk = desk_of(Absorber(("insurance_fund",)))
    lost = lose(desk)
    assert paid(lost) == {"insurance_fund": 10 * DOLLAR, "uncovered_loss": LOST - 10 * DOLLAR}
    assert late(desk.block()) == []
    assert feed(desk, 4 * DOLLAR) == (
        PayLoss(2, 1, DUST, USD, 4 * DOLLAR, (Payment("insurance_fund", 4 * DOLLAR),)),
    )  # fmt: skip
    assert desk.state.loss_ledger is not None
    assert desk.state.loss_ledger.uncovered_amounts[USD] == [(1, LOST - 14 * DOLLAR)]
    (last,) = late(feed(desk, 100 * DOLLAR))
    assert paid(last) == {"insurance_fund": LOST - 14 * DOLLAR}
    assert desk.state.loss_ledger.uncovered_amounts == [[], [], []]
    assert late(desk.block()) == []
    assert dict(desk.state.buffers)["insurance_fund"] == {USD: 114 * DOLLAR - LOST}


def test_the_oldest_loss_is_paid_first():
    desk = desk_of(Absorber(("insurance_fund",)), buffers=(fund(),))
    for account in (WHALE, DUST, BORROWER):
        lose(desk, account)
    orders = late(feed(desk, LOST + 5))
    assert [(order.paid_for, order.account, order.paid_amount) for order in orders] == [(1, WHALE, LOST), (2, DUST, 5)]
    assert desk.state.loss_ledger is not None
    assert desk.state.loss_ledger.uncovered_amounts[USD] == [(2, LOST - 5), (3, LOST)]
    orders = late(feed(desk, 3 * LOST))
    assert [(order.paid_for, order.paid_amount) for order in orders] == [(2, LOST - 5), (3, LOST)]


def test_a_window_that_ends_pays_what_waits():
    desk = desk_of(Absorber(("insurance_fund",), budget_value=4 * WAD, window_ms=HOUR))
    lose(desk)
    desk.wait(HOUR - 1)
    assert late(desk.block()) == []
    desk.wait(1)
    assert [order.paid_amount for order in late(desk.block())] == [4 * DOLLAR]


def test_what_waits_is_not_paid_while_its_price_is_unknown():
    desk = desk_of(Absorber(("insurance_fund",)), buffers=(fund(),))
    lose(desk)
    desk.price(USD=0)
    assert late(feed(desk, 10 * DOLLAR)) == []
    assert [order.paid_amount for order in late(desk.price(USD=1))] == [10 * DOLLAR]


def test_fees_go_to_buffers_by_their_shares_and_the_rest_to_the_protocol():
    buffers = (fund("fee_reserve"), fund("a", fee_ratio=WAD // 3), fund("b", fee_ratio=WAD // 3), fund("c", 1))
    desk, order = below_the_line(policy=Policy(buffers=buffers, absorbers=(Absorber(("socialized_loss",)),)))
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    held = dict(desk.state.buffers)
    assert held["fee_reserve"] == {}
    assert held["c"] == {USD: DOLLAR}
    assert 3 * held["a"][ETH] - settled.fee_amount in range(-2, 3)
    assert held["a"][ETH] - held["b"][ETH] in (0, 1)
    assert desk.state.deployment.market_states[ETH].fee_amount == settled.fee_amount
    assert desk.state.loss_ledger is not None
    assert [fed[ETH] for fed in desk.state.loss_ledger.fed_amounts] == [0, held["a"][ETH], held["b"][ETH], 0]


def test_shares_of_one_take_the_whole_fee():
    desk, order = below_the_line(policy=Policy(buffers=(fund("a", fee_ratio=WAD),)))
    settled = desk.fill(order)[0]
    assert isinstance(settled, SettleFill)
    assert desk.state.buffers == [("a", {ETH: settled.fee_amount})]


@dataclass
class _Change:
    fund: str = "insurance_fund"
    asset: int = USD
    delta: int = 1


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        (_Change(fund="treasury"), Refusal.FUND_UNKNOWN, "fund 'treasury', known: insurance_fund"),
        (_Change(asset=3), Refusal.EVENT_MALFORMED, "asset 3 of 3, fund 'insurance_fund'"),
        (_Change(asset=-1), Refusal.EVENT_MALFORMED, "asset -1 of 3, fund 'insurance_fund'"),
        (_Change(delta=0), Refusal.ZERO_AMOUNT, "fund 'insurance_fund' changed by nothing"),
        (
            _Change(delta=-10 * DOLLAR - 1),
            Refusal.FUND_OVERDRAWN,
            "fund 'insurance_fund' holds 10000000 and changes by -10000001, asset USD",
        ),
        (
            _Change(asset=ETH, delta=-1),
            Refusal.FUND_OVERDRAWN,
            "fund 'insurance_fund' holds 0 and changes by -1, asset ETH",
        ),
    ],
)
def test_a_change_of_a_fund_that_cannot_be_is_refused_and_changes_nothing(change, reason, detail):
    desk = desk_of(Absorber(("insurance_fund",)))
    before = [dict(held) for _, held in desk.state.buffers]
    assert feed(desk, change.delta, change.fund, change.asset) == (RefuseEvent(reason, detail),)
    assert [held for _, held in desk.state.buffers] == before


@pytest.mark.parametrize("absorbers", [(), (Absorber(("insurance_fund",)),)])
def test_owners_may_take_out_all_that_a_fund_holds(absorbers):
    desk = desk_of(*absorbers)
    assert feed(desk, -10 * DOLLAR) == ()
    assert desk.state.buffers == [("insurance_fund", {USD: 0})]


def test_a_deployment_whose_waterfall_cannot_be_is_not_opened():
    with pytest.raises(ConfigError, match="no absorber 'fund', known: auto_deleveraging, socialized_loss"):
        engine_of(opening(policy=Policy(absorbers=(Absorber(("fund",)),))))


def test_a_restored_state_goes_on_with_its_ledger():
    desk = desk_of(Absorber(("insurance_fund",), budget_value=4 * WAD, window_ms=HOUR))
    lose(desk)
    lose(desk, WHALE)
    feed(desk, 3, asset=BTC)
    restored = State.restored(desk.state.canonical_bytes())
    assert restored.loss_ledger == desk.state.loss_ledger
    assert restored.canonical_bytes() == desk.state.canonical_bytes()
