"""An account that had been declined for what it held was not looked at again when it came to hold something else: for up
to a day nobody was told that it could be liquidated."""

from tests.deployments import BORROWER, ETH, UNITS, USD, Desk, offers_in

from seawall.ledger.order import DeclineAccount
from seawall.ledger.refusal import Refusal


def test_an_account_without_collateral_is_offered_as_soon_as_it_has_some() -> None:
    desk = Desk("compound_v2")
    desk.price(ETH=2000, USD=1)
    (declined,) = desk.move(BORROWER, debt={USD: 100 * UNITS[USD]})
    assert isinstance(declined, DeclineAccount)
    assert declined.reason is Refusal.NO_COLLATERAL
    assert desk.move(BORROWER, debt={USD: UNITS[USD]}) == ()
    (offer,) = offers_in(desk.move(BORROWER, {ETH: UNITS[ETH] // 100}))
    assert offer.account == BORROWER
