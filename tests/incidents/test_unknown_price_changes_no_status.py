"""An account whose price had gone was called healthy: its order was withdrawn and its time below the line ended."""

import pytest
from tests.deployments import BORROWER, BTC, ETH, UNITS, USD, Desk, below_the_line, offers_in

from seawall.fixed import WAD
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.ledger.order import CancelOrder
from seawall.ledger.refusal import Refusal


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2", "aave_v3@3.0", "aave_v3"])
def test_a_missing_price_leaves_the_account_below_the_line(protocol: str) -> None:
    desk, order = below_the_line(protocol)
    assert desk.price(ETH=0) == ()
    assert desk.state.order_rows == {order.order_id: desk.row(BORROWER)}
    assert desk.price(ETH=1970) == ()


def test_a_missing_price_does_not_put_a_healthy_account_below_the_line() -> None:
    desk = Desk()
    desk.price(ETH=2000, USD=1)
    desk.move(BORROWER, {ETH: UNITS[ETH]}, {USD: 1_000 * UNITS[USD]})
    assert desk.price(ETH=0) == ()
    assert desk.price(ETH=2000) == ()


def test_a_quotient_of_prices_that_rounds_to_nothing_is_as_unknown_as_a_missing_one() -> None:
    desk = Desk("morpho_blue")
    desk.price(ETH=2000, USD=1, BTC=30000)
    desk.move(BORROWER + b"\0\0", {0: 10 * UNITS[ETH]}, {0: 17_100 * UNITS[USD]})
    (order,) = offers_in(desk.price(ETH=1980))
    vanishing = (OracleRound(ETH, 1, desk.at), OracleRound(USD, 10**40, desk.at), OracleRound(BTC, WAD, desk.at))
    assert desk.tell(PriceObserved(desk.at, vanishing)) == ()
    assert list(desk.state.order_rows) == [order.order_id]


@pytest.mark.parametrize("protocol", ["seawall", "compound_v2", "aave_v3@3.0", "aave_v3"])
def test_an_account_that_repays_everything_needs_no_price_to_be_safe(protocol: str) -> None:
    desk, order = below_the_line(protocol)
    desk.price(ETH=0)
    assert desk.move(BORROWER, debt={USD: -15_900 * UNITS[USD]}) == (
        CancelOrder(order.order_id, BORROWER, Refusal.NO_DEBT, desk.at),
    )
