"""What anyone may read of an engine between two events: the `StateView` of the keeper's ports, without a copy."""

from collections.abc import Sequence

from seawall.engine.auction_house import auction_price_ray
from seawall.engine.engine import Engine
from seawall.engine.permission import liquidation_refusal
from seawall.engine.what_if import WhatIf, what_if
from seawall.ledger.auction import Auction
from seawall.ledger.book import ABSENT
from seawall.ledger.refusal import Refusal
from seawall.ledger.request import OpenOrders, Request
from seawall.protocols.protocol import Health, Limit, Quote
from seawall.units import Amount, Milliseconds, Price


class EngineView:
    """Reads one engine; it never changes it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def at(self) -> Milliseconds:
        """Time of the last event."""
        return self._engine.state.deployment.at

    def price(self, asset: int) -> Price | None:
        """Return the mark price of an asset, or None while it is unknown."""
        return self._engine.state.deployment.prices[asset]

    def health(self, account: bytes) -> Health | Refusal:
        """Return the account's exact health."""
        row = self._row(account)
        if row == ABSENT:
            return Refusal.NO_DEBT
        return self._engine.protocol.health(self._engine.state.deployment, row)

    def liquidation_limit(self, account: bytes) -> Limit | Refusal:
        """Return the largest liquidation that would be settled now, or why none would."""
        row = self._row(account)
        if row == ABSENT:
            return Refusal.NO_DEBT
        state, protocol = self._engine.state, self._engine.protocol
        limit = self._narrowed_limit(row) or protocol.liquidation_limit(state.deployment, row)
        if isinstance(limit, Refusal):
            return limit
        refusal = liquidation_refusal(state, protocol, row, (limit.debt_market, limit.collateral_market))
        return limit if refusal is None else refusal

    def _narrowed_limit(self, row: int) -> Limit | Refusal | None:
        """Return what is left of a proposed size, or why the rule refuses it now; None where the order is not narrowed."""
        state = self._engine.state
        episode = state.episodes.get(row)
        narrowing = None if episode is None else state.narrowings.get(episode.order_id)
        if narrowing is None:
            return None
        pair = (narrowing.debt_market, narrowing.collateral_market)
        quote = self._engine.protocol.quote(state.deployment, row, *pair, narrowing.left_amount)
        return quote if isinstance(quote, Refusal) else Limit(*pair, quote.repay_amount, quote.seize_amount)

    def quote(self, account: bytes, debt_market: int, collateral_market: int, repay_amount: Amount) -> Quote | Refusal:
        """Return the exact amounts of a fill that came now, or why it would be refused."""
        row = self._row(account)
        if row == ABSENT:
            return Refusal.NO_DEBT
        state, protocol = self._engine.state, self._engine.protocol
        refusal = liquidation_refusal(state, protocol, row, (debt_market, collateral_market))
        if refusal is not None:
            return refusal
        return protocol.quote(state.deployment, row, debt_market, collateral_market, repay_amount)

    def what_if(self, account: bytes, request: Request, open_orders: Sequence[OpenOrders] = ()) -> WhatIf:
        """Return whether the account may do what is asked, and its health after it; `open_orders` are its others."""
        return what_if(self._engine.state, self._engine.protocol, account, request, open_orders)

    def auction(self, auction_id: int) -> Auction | None:
        """Return a running auction, or None where it is over."""
        return self._engine.state.deployment.auctions.get(auction_id)

    def auction_price_ray(self, auction_id: int) -> int | Refusal:
        """Return the price of a stored unit of a lot to whoever bids now, or why nothing can be bought."""
        return auction_price_ray(self._engine.state, self._engine.protocol, auction_id)

    def _row(self, account: bytes) -> int:
        return self._engine.state.deployment.book.row_of(account)
