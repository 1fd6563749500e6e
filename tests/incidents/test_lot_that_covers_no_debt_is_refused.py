"""An account took out all but a wei of its collateral after its order was given: its auction would have sold that wei for none of
the debt, and the engine divided by that."""

from tests.auctions import House, offers_in
from tests.deployments import ASSETS, BORROWER, ETH, POOLED, UNITS, USD, changes

from seawall.fixed import WAD
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, slot_of
from seawall.ledger.order import RefuseAuction
from seawall.ledger.refusal import Refusal
from seawall.protocols.catalogue import protocol_named


def test_the_auction_of_a_wei_is_refused() -> None:
    house = House(protocol_named("seawall_dutch"), markets=POOLED, account_width=20, assets=ASSETS)
    prices = tuple(OracleRound(asset, price * WAD, house.at) for asset, price in ((ETH, 2_000), (USD, 1)))
    house.tell(PriceObserved(house.at, prices))
    house.give(BORROWER, 10 * UNITS[ETH], 0, ETH)
    (order,) = offers_in(house.give(BORROWER, 0, 18_000 * UNITS[USD], USD))
    house.tell(changes(house.at, (BORROWER, slot_of(ETH, COLLATERAL), 1 - 10 * UNITS[ETH])))
    (refused,) = house.start(order)
    assert isinstance(refused, RefuseAuction)
    assert refused.reason is Refusal.BELOW_DUST
