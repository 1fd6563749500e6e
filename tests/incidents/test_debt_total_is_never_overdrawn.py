"""A change that took more off a market's debt than was owed used to be taken in, and the market's total went below zero."""

from tests.deployments import BORROWER, ETH, UNITS, USD, Desk, changes

from seawall.ledger.order import RefuseEvent
from seawall.ledger.refusal import Refusal

PAIRED = BORROWER + b"\0\0"


def test_a_change_that_overdraws_a_total_is_refused_and_one_that_empties_it_is_not() -> None:
    for amount, refused in ((-101, True), (-100, False), (-99, False)):
        desk = Desk("morpho_blue")
        desk.price(ETH=2000, USD=1, BTC=30000)
        desk.move(PAIRED, {0: UNITS[ETH]}, {0: 100})
        shares = desk.balance(PAIRED, 0, 1)
        before = desk.state.deployment.book.canonical_bytes()
        orders = desk.tell(changes(desk.at, (PAIRED, 1, -shares), amounts=(amount,)))
        assert [order.reason for order in orders if isinstance(order, RefuseEvent)] == (
            [Refusal.BALANCE_EXCEEDED] if refused else []
        )
        assert (desk.state.deployment.book.canonical_bytes() == before) is refused
        assert desk.state.deployment.market_states[0].debt_amount == (100 if refused else 100 + amount)


def test_a_market_that_is_not_there_has_no_total_to_move() -> None:
    desk = Desk("morpho_blue")
    (refusal,) = desk.tell(changes(desk.at, (PAIRED, 5, 1), amounts=(USD,)))
    assert isinstance(refusal, RefuseEvent)
