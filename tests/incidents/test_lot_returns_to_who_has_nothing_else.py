"""An account whose whole collateral and debt are an auction's has no position, and a snapshot forgot it: what the auction
did not sell was then credited to nobody, while the market's total counted it."""

from tests.auctions import House, offers_in
from tests.deployments import ASSETS, BORROWER, ETH, POOLED, UNITS, USD

from seawall.engine.engine import Engine
from seawall.engine.state import State
from seawall.fixed import WAD
from seawall.ledger.event import OracleRound, PriceObserved
from seawall.ledger.market import COLLATERAL, slot_of
from seawall.ledger.order import EndAuction
from seawall.monitor.full_recompute import FullRecompute
from seawall.protocols.catalogue import protocol_named


def prices(house: House, ether: int) -> PriceObserved:
    return PriceObserved(house.at, (OracleRound(ETH, ether * WAD, house.at), OracleRound(USD, WAD, house.at)))


def test_what_is_not_sold_is_the_accounts_in_a_restored_engine() -> None:
    house = House(protocol_named("seawall_dutch"), markets=POOLED, account_width=20, assets=ASSETS)
    house.tell(prices(house, 2_000))
    house.give(BORROWER, 10 * UNITS[ETH], 0, ETH)
    house.give(BORROWER, 0, 15_900 * UNITS[USD], USD)
    (order,) = offers_in(house.tell(prices(house, 1_980)))
    house.start(order)
    engine = Engine(protocol_named, FullRecompute)
    engine.restore(State.restored(house.state.canonical_bytes()))
    orders = house.bid(1, 10 * UNITS[ETH])
    assert engine.apply(house.events[-1]) == orders
    assert engine.state.digest() == house.state.digest()
    (end,) = (order for order in orders if isinstance(order, EndAuction))
    book = engine.state.deployment.book
    assert book.balance(book.row_of(BORROWER), slot_of(ETH, COLLATERAL)) == end.returned_balance > 0
