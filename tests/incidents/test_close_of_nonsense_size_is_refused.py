"""Closing 2^120 contracts costs more cash than a balance holds: the engine failed on it instead of refusing."""

import pytest
from tests.deployments import changes
from tests.exchange import BTC, SHORT, USD, Exchange

from seawall.ledger.event import PositionsChanged
from seawall.ledger.market import COLLATERAL, DEBT, slot_of
from seawall.ledger.order import DeclineAccount, Liquidate
from seawall.ledger.refusal import Refusal


def owing(size: int) -> Exchange:
    """Return an exchange with a short of a size, worth far more than its cash."""
    exchange = Exchange()
    moves: PositionsChanged = changes(
        exchange.at, (SHORT, slot_of(BTC, DEBT), size), (SHORT, slot_of(USD, COLLATERAL), 1)
    )
    exchange.tell(moves)
    return exchange


def test_a_close_that_no_balance_could_pay_is_declined() -> None:
    exchange = owing(1 << 120)
    (declined,) = [order for order in exchange.said[-1] if isinstance(order, DeclineAccount)]
    assert declined.reason is Refusal.BALANCE_EXCEEDED


@pytest.mark.parametrize("size", [1, 10**8, 1 << 100])
def test_a_close_that_a_balance_can_pay_is_offered_and_settled(size: int) -> None:
    exchange = owing(size)
    orders = [order for order in exchange.said[-1] if isinstance(order, Liquidate)]
    for order in orders:
        exchange.fill(order)
        assert exchange.balance(SHORT, BTC, DEBT) < size
