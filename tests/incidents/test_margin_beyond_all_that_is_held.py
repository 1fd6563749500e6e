"""A short whose cash is gone holds nothing and needs a margin: its weighted collateral is below zero, which the offers' columns
could not hold, and the engine failed on the event instead of giving an order."""

from tests.deployments import changes
from tests.exchange import BTC, SHORT, UNITS, USD, Exchange

from seawall.fixed import WAD
from seawall.ledger.market import COLLATERAL, slot_of
from seawall.ledger.order import Liquidate


def test_an_account_that_holds_nothing_is_offered() -> None:
    exchange = Exchange()
    exchange.trade(SHORT, BTC, -UNITS[BTC], cash=3_000)
    orders = exchange.tell(changes(exchange.at, (SHORT, slot_of(USD, COLLATERAL), -63_000 * UNITS[USD])))
    (offer,) = (order for order in orders if isinstance(order, Liquidate))
    assert (offer.collateral_value, offer.weighted_collateral_value, offer.debt_value) == (0, 0, 60_000 * WAD)
