"""A sale: how an account's collateral is sold where that is no fixed spread, as pure functions on an auction's record.

    open     what an account brings becomes an auction, or not now
    bid      a keeper buys at once, or its money is held until the auction ends
    reset    an auction that nobody may bid on any more starts again at today's price
    end      the held bids are settled, and what nobody bought goes back
Each returns the auction as it stands after, with what changes hands, or the refusal; the auction house moves the
collateral and the money. A sale keeps no state of its own, and never sees the book.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from seawall.ledger.auction import Auction, Auctions, HeldBid
from seawall.ledger.event import Bid
from seawall.ledger.refusal import Refusal
from seawall.units import Amount, Balance, Index, Milliseconds, Ratio


class Lot(NamedTuple):
    """What an account could bring to an auction: one debt, one collateral, in stored units, and what they are worth.

    `price_ray` is the oracle's price of one stored unit of collateral in RAY money of the debt asset, whose whole is
    `debt_unit`; the penalty is a share of the debt. `debt_markets` are all whose debt is of the same asset: limits on what
    auctions are to raise together count those.
    """

    account: bytes
    debt_market: int
    collateral_market: int
    debt_markets: tuple[int, ...]
    debt_balance: Balance
    debt_index: Index
    debt_unit: Amount
    collateral_balance: Balance
    price_ray: int
    penalty_ratio: Ratio


class Opening(NamedTuple):
    """A new auction, the debt that leaves the account with its lot, and what the keeper gets for starting it."""

    auction: Auction
    debt_balance: Balance
    reward_amount: Amount


class Reset(NamedTuple):
    """An auction that starts again, and what the keeper gets for that."""

    auction: Auction
    reward_amount: Amount


class Award(NamedTuple):
    """What a bid gets of the lot, and what it pays, out of what was held where it `was_held`.

    `bid_auction_id` is the auction that the bid named, where that is another one; else 0.
    """

    bid_id: int
    keeper: int
    lot_balance: Balance
    pay_ray: int
    was_held: bool = False
    bid_auction_id: int = 0


class Step(NamedTuple):
    """An auction after a bid or at its end, and what changes hands with it.

    `held` is the new bid whose money now lies in the auction, `refunds` those whose money goes back, `forfeits` those whose
    bond is kept; `returned_balance` of the lot is the borrower's again, as is the debt of `returned_debt_amount`, cost that
    nothing was raised for. `raised_amount` of the auction already counts the awards.
    """

    auction: Auction
    awards: tuple[Award, ...] = ()
    held: HeldBid | None = None
    refunds: tuple[HeldBid, ...] = ()
    forfeits: tuple[HeldBid, ...] = ()
    returned_balance: Balance = 0
    returned_debt_amount: Amount = 0
    is_over: bool = False


class SaleRule(ABC):
    """One way of selling. `at` is the time of the auction's clock."""

    returns_to_account: bool = False
    """What is left of a lot is the account's collateral again; where it is not, it is paid out to the borrower."""
    suspends_clock: bool = False
    """The clock stands still while bids are stopped or a price of the pair is not fresh."""
    gap_ms_max: Milliseconds = 0
    """Between two events the clock runs for so long at most, since nobody could bid while the chain stood still; 0: no limit."""

    is_sealed: bool = False
    """Bids come first as commitments, and are revealed after that."""
    ends_together: bool = False
    """Auctions of one pair that end at the same time are ended in one step."""

    def check_penalties(self, penalties: Sequence[tuple[str, Ratio]]) -> None:
        """Raise ConfigError where a market's penalty, by its symbol, does not fit this way of selling."""
        return

    @abstractmethod
    def open(self, auction_id: int, lot: Lot, auctions: Auctions, at: Milliseconds) -> Opening | Refusal:
        """Return the auction of a lot beside those that are running, or why there is none now."""

    @abstractmethod
    def bid(self, auction: Auction, bid: Bid, at: Milliseconds) -> Step | Refusal:
        """Return what a bid does, or why it is refused; no number of it is negative."""

    @abstractmethod
    def reset(self, auction: Auction, price_ray: int, debt_unit: Amount, at: Milliseconds) -> Reset | Refusal:
        """Return the auction started again at the oracle's price of a stored unit, or why it is not to be."""

    @abstractmethod
    def end(self, auctions: Sequence[Auction], at: Milliseconds) -> tuple[Step, ...] | Refusal:
        """Return how each of the auctions ends, or AUCTION_RUNNING; it is one unless the sale `ends_together`."""

    @abstractmethod
    def price_ray(self, auction: Auction, at: Milliseconds) -> int | Refusal:
        """Return the least price at which a bid for a stored unit is taken now, or why none is."""
