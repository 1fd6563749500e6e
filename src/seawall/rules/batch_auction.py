"""Batch auction: sealed bids, one clearing price, whole units, ties decided in full.

Bids come in order of (price, highest first; time; bidder; id), a total order. A bidder's demand beyond its cap does not
count: its best bids come first. Then
    p* = the highest price at which the bids at or above it ask for all that is sold; the reserve where they never do
Everyone above p* gets all it asked for, those at p* share the rest pro rata by largest remainders, everyone pays p*.
A payment rounds up, against the bidder; what sellers get adds up to what was paid, to the unit. The same goods of many
accounts are one supply: the worst account sells first where not all is sold.
"""

from collections.abc import Sequence
from itertools import compress, repeat
from operator import attrgetter
from typing import Final, NamedTuple

from seawall.fixed import mul_div_up
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount, Milliseconds, Price


class SealedBid(NamedTuple):
    """An offer to buy up to `amount` base units at up to `price`, which is in base units of debt for a whole asset."""

    bidder: int
    bid_id: int
    price: Price
    amount: Amount
    at: Milliseconds


_PRICE: Final = attrgetter("price")
_TIME_BIDDER_ID: Final = attrgetter("at", "bidder", "bid_id")


class BidFill(NamedTuple):
    """What a bid gets, and what its bidder pays for it."""

    bid: SealedBid
    amount: Amount
    paid_amount: Amount


class Clearing(NamedTuple):
    """The result of a batch: one price for all, fills in the order of bids, and how much was sold of what was for sale."""

    price: Price
    fills: tuple[BidFill, ...]
    sold_amount: Amount


def clear(
    supply_amount: Amount, unit: Amount, price_min: Price, bids: Sequence[SealedBid], bidder_amount_max: Amount
) -> Clearing:
    """Clear a batch at one price; bids below the reserve `price_min` are passed over, and nobody gets more than `bidder_amount_max`.

    `unit` is how many base units a whole asset has. With no more demand than supply the price is the reserve.
    """
    price, demands = _demands(supply_amount, price_min, bids, bidder_amount_max)
    if price is None:
        return _cleared(price_min, demands, [amount for _, amount in demands], unit)
    above = [amount for bid, amount in demands if bid.price > price]
    marginal = [amount for _, amount in demands[len(above) :]]
    return _cleared(price, demands, above + pro_rata_shares(supply_amount - sum(above), marginal), unit)


def _demands(
    supply_amount: Amount, price_min: Price, bids: Sequence[SealedBid], bidder_amount_max: Amount
) -> tuple[Price | None, list[tuple[SealedBid, Amount]]]:
    """Return the marginal price, None where bids do not ask for all, and who is at or above it with what its cap leaves."""
    by_time = sorted(bids, key=_TIME_BIDDER_ID)
    left_amounts: dict[int, Amount] = {}
    demands = []
    marginal_price = None
    missing_amount = supply_amount
    for bid in sorted(by_time, key=_PRICE, reverse=True):  # Keeps the order of equals, in reverse too.
        price = bid.price
        if price < price_min or (marginal_price is not None and price < marginal_price):
            break
        left_amount = left_amounts.get(bid.bidder, bidder_amount_max)
        amount = min(bid.amount, left_amount)
        left_amounts[bid.bidder] = left_amount - amount
        demands.append((bid, amount))
        missing_amount -= amount
        if missing_amount <= 0:
            marginal_price = price
    return marginal_price, demands


def _cleared(
    price: Price, demands: Sequence[tuple[SealedBid, Amount]], amounts: Sequence[Amount], unit: Amount
) -> Clearing:
    filled = list(compress(amounts, amounts))
    paid_amounts = map(mul_div_up, filled, repeat(price), repeat(unit))
    fills = tuple(map(BidFill, compress((bid for bid, _ in demands), amounts), filled, paid_amounts))
    return Clearing(price, fills, sum(amounts))


def sales_of_accounts(clearing: Clearing, offered_amounts: Sequence[Amount]) -> list[tuple[Amount, Amount]]:
    """Return what each account sells and gets, worst account first, until all that was sold has a seller.

    What was paid is shared by what is sold, by largest remainders, so that it adds up to the unit.
    """
    left_amount = clearing.sold_amount
    sold_amounts = []
    for offered_amount in offered_amounts:
        sold_amounts.append(min(offered_amount, left_amount))
        left_amount -= sold_amounts[-1]
    assert left_amount == 0, (clearing.sold_amount, offered_amounts)
    got_amounts = pro_rata_shares(sum(fill.paid_amount for fill in clearing.fills), sold_amounts)
    return list(zip(sold_amounts, got_amounts, strict=True))
