"""Money of auctions that no fill shows: keepers' rewards, what was raised beyond the cost, and what is left on sale at the end.

Rewards and surpluses are worth what the debt asset is worth at their moment on the undisturbed path; what is left is at
the last mark prices. When its auction began an account lost its lot and its debt, so both are counted nowhere else.
"""

from typing import NamedTuple

from seawall.engine.engine import Engine
from seawall.engine.mark_value import mark_value
from seawall.fixed import WAD
from seawall.ledger.deployment import Deployment
from seawall.ledger.market import COLLATERAL, slot_of
from seawall.ledger.order import EndAuction, Order, ResetAuction, StartAuction
from seawall.units import Amount
from seawall.world.price_path import PricePath


class AuctionMoney:
    """Adds up orders as they come."""

    def __init__(self, path: PricePath) -> None:
        self._path = path
        self.reward_f64 = 0.0
        self.surplus_f64 = 0.0

    def add(self, orders: tuple[Order, ...], deployment: Deployment) -> None:
        """Take note of the orders of one event."""
        for order in orders:
            match order:
                case StartAuction() | ResetAuction():
                    self.reward_f64 += self._market_value_f64(order.debt_market, order.reward_amount, deployment)
                case EndAuction():
                    self.surplus_f64 += self._market_value_f64(order.debt_market, order.surplus_amount, deployment)
                case _:
                    pass

    def _market_value_f64(self, debt_market: int, amount: Amount, deployment: Deployment) -> float:
        if not amount:
            return 0.0
        asset = deployment.assets[deployment.markets[debt_market].debt_asset]
        return amount / asset.unit * self._path.prices[asset.symbol][self._path.grid.tick_at(deployment.at)] / WAD


class OnAuction(NamedTuple):
    """What is on auction: how many lots, what they cost and have not raised, their value, and how far they fall short of it."""

    lot_count: int
    debt_f64: float
    lots_f64: float
    uncovered_f64: float


def on_auction(engine: Engine) -> OnAuction:
    """Return what is on auction now, at mark prices, each lot short of its own cost only."""
    state, protocol = engine.state, engine.protocol
    markets, auctions = state.deployment.markets, state.deployment.auctions
    debt_value = lots_value = uncovered_value = 0
    for auction in auctions:
        missing_amount = max(0, auction.cost_amount - auction.raised_amount)
        lot_slot = slot_of(auction.collateral_market, COLLATERAL)
        lot_amount = protocol.amount_of(state.deployment, lot_slot, auction.lot_balance)
        missing_value = mark_value(state, markets[auction.debt_market].debt_asset, missing_amount)
        lot_value = mark_value(state, markets[auction.collateral_market].collateral_asset, lot_amount)
        debt_value += missing_value
        lots_value += lot_value
        uncovered_value += max(0, missing_value - lot_value)
    return OnAuction(len(auctions), debt_value / WAD, lots_value / WAD, uncovered_value / WAD)
