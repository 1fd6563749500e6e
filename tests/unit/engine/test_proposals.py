"""A proposed size narrows an order to one pair and one amount; what the rule refuses changes nothing."""

import pytest
from tests.deployments import BORROWER, BTC, ETH, START, UNITS, USD, Desk, below_the_line, named, offers_in

from seawall.engine.state import State
from seawall.engine.view import EngineView
from seawall.ledger.deployment import Policy
from seawall.ledger.event import SizeProposed
from seawall.ledger.order import CancelOrder, Liquidate, NarrowOrder, RefuseEvent, RefuseFill, SettleFill
from seawall.ledger.refusal import Refusal
from seawall.protocols.protocol import Limit

OPEN = Policy(accepts_proposals=True)
SIZE = 4_000 * UNITS[USD]


def proposal(desk: Desk, amount: int = SIZE, debt: int = USD, collateral: int = ETH, account: bytes = BORROWER):
    return SizeProposed(desk.at, account, debt, collateral, amount)


def two_collaterals() -> tuple[Desk, Liquidate]:
    """Return a borrower of 16,000 USD against 8 ETH and 0.16 BTC, below the line at 1,800, and its order."""
    desk = Desk("seawall", policy=OPEN)
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 8 * UNITS[ETH], BTC: UNITS[BTC] * 16 // 100}, {USD: 16_000 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=1800))
    assert order.collateral_market == ETH
    return desk, order


def test_an_allowed_proposal_narrows_the_open_order():
    desk, order = two_collaterals()
    (narrowed,) = desk.tell(proposal(desk, 1_000 * UNITS[USD], collateral=BTC))
    assert isinstance(narrowed, NarrowOrder)
    assert (narrowed.order_id, narrowed.collateral_market) == (order.order_id, BTC)
    assert narrowed.repay_amount_max == 1_000 * UNITS[USD]
    limit = EngineView(desk.engine).liquidation_limit(BORROWER)
    assert limit == Limit(USD, BTC, narrowed.repay_amount_max, narrowed.seize_amount_at_max)


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"repay_amount": 1_000 * UNITS[USD]}, False),
        ({"repay_amount": 1_000 * UNITS[USD] + 1}, True),
        ({"repay_amount": 1_000 * UNITS[USD], "collateral_market": ETH}, True),
        ({"repay_amount": 1_000 * UNITS[USD], "debt_market": ETH}, True),
    ],
)
def test_a_fill_stays_inside_the_proposed_size(changed, refused):
    desk, order = two_collaterals()
    desk.tell(proposal(desk, 1_000 * UNITS[USD], collateral=BTC))
    first = desk.fill(order, **{"collateral_market": BTC, **changed})[0]
    assert isinstance(first, RefuseFill) == refused
    if refused:
        assert first.reason is Refusal.PROPOSAL_EXCEEDED


def test_once_the_proposed_amount_is_repaid_the_order_is_wide_again():
    desk, order = two_collaterals()
    desk.tell(proposal(desk, 1_000 * UNITS[USD], collateral=BTC))
    desk.fill(order, 400 * UNITS[USD], collateral_market=BTC)
    assert isinstance(desk.fill(order, 601 * UNITS[USD], 1, collateral_market=BTC)[0], RefuseFill)
    desk.fill(order, 600 * UNITS[USD], 2, collateral_market=BTC)
    limit = EngineView(desk.engine).liquidation_limit(BORROWER)
    assert isinstance(limit, Limit)
    assert limit.collateral_market == ETH
    assert isinstance(desk.fill(order, limit.repay_amount, 3)[0], SettleFill)


def test_an_order_that_ends_takes_its_narrowing_with_it():
    desk, _ = two_collaterals()
    desk.tell(proposal(desk, 1_000 * UNITS[USD], collateral=BTC))
    assert any(isinstance(said, CancelOrder) for said in desk.price(ETH=2000))
    assert desk.state.narrowings == {}
    (again,) = offers_in(desk.price(ETH=1800))
    assert isinstance(desk.fill(again)[0], SettleFill)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount": 0}, Refusal.ZERO_AMOUNT),
        ({"amount": -1}, Refusal.ZERO_AMOUNT),
        ({"debt": 9}, Refusal.MARKET_UNKNOWN),
        ({"collateral": -1}, Refusal.MARKET_UNKNOWN),
        ({"account": named("nobody")}, Refusal.ORDER_UNKNOWN),
        ({"collateral": USD}, Refusal.NO_COLLATERAL),
    ],
)
def test_what_the_rule_refuses_changes_nothing(changed, reason):
    desk, _ = below_the_line(policy=OPEN)
    before = desk.state.canonical_bytes()
    (refused,) = desk.tell(proposal(desk, **changed))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is reason
    desk.state.event_count -= 1
    assert desk.state.canonical_bytes() == before


def test_a_proposal_beyond_the_rule_is_cut_to_the_rule():
    desk, order = below_the_line(policy=OPEN)
    (narrowed,) = desk.tell(proposal(desk, 15_900 * UNITS[USD]))
    assert isinstance(narrowed, NarrowOrder)
    assert narrowed.repay_amount_max == order.repay_amount_max


def test_what_the_contract_refuses_is_refused_as_a_proposal():
    desk, _ = below_the_line("compound_v2@2", policy=OPEN)
    (refused,) = desk.tell(proposal(desk, 15_900 * UNITS[USD]))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.CLOSE_FACTOR_EXCEEDED


def test_a_healthy_account_has_no_order_to_narrow():
    desk = Desk("seawall", policy=OPEN)
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER, {ETH: 10 * UNITS[ETH]}, {USD: 1_000 * UNITS[USD]})
    (refused,) = desk.tell(proposal(desk))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.ORDER_UNKNOWN


def test_a_deployment_that_accepts_no_proposals_refuses_them():
    desk, _ = below_the_line()
    (refused,) = desk.tell(proposal(desk))
    assert isinstance(refused, RefuseEvent)
    assert refused.reason is Refusal.PROPOSALS_CLOSED


def test_a_snapshot_keeps_what_an_order_was_narrowed_to():
    desk, order = two_collaterals()
    desk.tell(proposal(desk, 1_000 * UNITS[USD], collateral=BTC))
    data = desk.state.canonical_bytes()
    restored = State.restored(data)
    assert restored.narrowings[order.order_id].left_amount == 1_000 * UNITS[USD]
    assert restored.canonical_bytes() == data
    assert desk.at == START
