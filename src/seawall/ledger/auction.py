"""An auction: collateral that has left its account and is on sale, and what it is to raise.

The lot is in units as the deployment stores them, so that what is on sale and what accounts hold add up to the unit. Money
is kept as RAY money, base units of the debt asset with 27 more digits, which is where contracts round; whoever pays,
pays whole base units, rounded up. Times are those of the auction's clock, which may stand still while a market is stopped.
"""

from collections.abc import Iterable, Iterator

import msgspec

from seawall.units import Amount, Balance, Milliseconds, Ratio


class HeldBid(msgspec.Struct, frozen=True, omit_defaults=True):
    """A bid whose money lies in the auction: what it asks of the lot, what it pays, and until when it stands.

    Of a sealed bid that has not been revealed there is only its `commitment`, and its money is its bond.
    """

    bid_id: int
    keeper: int
    lot_balance: Balance
    pay_ray: int
    price_ray: int = 0
    expires_at: Milliseconds = 0
    bid_at: Milliseconds = 0
    commitment: bytes = b""


class Auction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One auction as it stands.

    `cost_amount` is what it has cost so far, the debt that it took over and its keepers' rewards; `raised_amount` what was
    paid for what is gone of the lot. `due_ray` is still to be raised, the penalty included, and while less than
    `due_ray_min` of it is left, a take must be whole. `below_since` is when its account's
    time below the line began, `health_factor_ratio` what its health was at the start; an auction without an end of its own ends at zero.
    """

    auction_id: int
    account: bytes
    debt_market: int
    collateral_market: int
    lot_balance: Balance
    due_ray: int
    cost_amount: Amount
    started_at: Milliseconds
    start_price_ray: int = 0
    due_ray_min: int = 0
    raised_amount: Amount = 0
    ends_at: Milliseconds = 0
    below_since: Milliseconds = 0
    health_factor_ratio: Ratio = 0
    bids: tuple[HeldBid, ...] = ()


class Auctions:
    """All auctions of a deployment, with the sums that limits and conservation ask for, by market."""

    def __init__(self, market_count: int) -> None:
        self._running: dict[int, Auction] = {}
        self._bid_ids: dict[int, set[int]] = {}
        self._counts: dict[bytes, int] = {}
        self.due_rays = [0] * market_count
        self.lot_balances = [0] * market_count

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._running)

    def __iter__(self) -> Iterator[Auction]:
        """Yield them in order of their ids."""
        return (self._running[auction_id] for auction_id in sorted(self._running))

    def get(self, auction_id: int) -> Auction | None:
        """Return an auction, or None where it is not running."""
        return self._running.get(auction_id)

    def due_ray(self, debt_markets: Iterable[int]) -> int:
        """Return what the auctions of these debts are to raise together."""
        return sum(self.due_rays[market] for market in debt_markets)

    def has_account(self, account: bytes) -> bool:
        """Return whether something of an account is on sale."""
        return account in self._counts

    def put(self, auction: Auction) -> None:
        """Add an auction, or let it stand as it is now."""
        bid_ids = self._bid_ids.pop(auction.auction_id, set())
        self._take_out(auction.auction_id)
        self._running[auction.auction_id], self._bid_ids[auction.auction_id] = auction, bid_ids
        self._counts[auction.account] = self._counts.get(auction.account, 0) + 1
        self.due_rays[auction.debt_market] += auction.due_ray
        self.lot_balances[auction.collateral_market] += auction.lot_balance

    def drop(self, auction_id: int) -> None:
        """Forget an auction that is over."""
        self._take_out(auction_id)
        del self._bid_ids[auction_id]

    def bid_ids(self, auction_id: int) -> set[int]:
        """Return the ids of the bids that a running auction has met so far; the caller adds to them."""
        return self._bid_ids[auction_id]

    def _take_out(self, auction_id: int) -> None:
        before = self._running.pop(auction_id, None)
        if before is not None:
            self._counts[before.account] -= 1
            if not self._counts[before.account]:
                del self._counts[before.account]
            self.due_rays[before.debt_market] -= before.due_ray
            self.lot_balances[before.collateral_market] -= before.lot_balance
