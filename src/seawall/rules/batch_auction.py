"""Batch auction: sealed bids, one clearing price, whole units, ties decided in full.

Bids come in order of (price, highest first; time; bidder; id), a total order. A bidder's demand beyond its cap does not
count: its best bids come first. Then
    p* = the highest price at which the bids at or above it ask for all that is sold; the reserve where they never do
Everyone above p* gets all it asked for, those at p* share the rest pro rata by largest remainders, everyone pays p*.
A payment rounds up, against the bidder; what sellers get adds up to what was paid, to the unit. The same goods of many
accounts are one supply: the worst account sells first where not all is sold.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

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
    supply_amount: Amount, unit: Amount, reserve_price: Price, bids: Sequence[SealedBid], bidder_amount_max: Amount
) -> Clearing:
    """Clear a batch at one price; bids below the reserve are passed over, and nobody gets more than `bidder_amount_max`.

    `unit` is how many base units a whole asset has. With no more demand than supply the price is the reserve.
    """
    demands = _capped_demands(bids, reserve_price, bidder_amount_max)
    asked_amount = 0
    last = len(demands)
    for nth, (_, amount) in enumerate(demands):
        asked_amount += amount
        if asked_amount >= supply_amount:
            last = nth
            break
    if last == len(demands):
        return _cleared(reserve_price, demands, [amount for _, amount in demands], unit)
    price = demands[last][0].price
    above = [amount for bid, amount in demands if bid.price > price]
    marginal = [amount for bid, amount in demands if bid.price == price]
    shares = pro_rata_shares(supply_amount - sum(above), marginal)
    return _cleared(price, demands[: len(above) + len(marginal)], above + shares, unit)


def _capped_demands(
    bids: Sequence[SealedBid], reserve_price: Price, bidder_amount_max: Amount
) -> list[tuple[SealedBid, Amount]]:
    """Return bids at or above the reserve in their order, each with what its bidder's cap leaves of it."""
    ordered = sorted(bids, key=lambda bid: (-bid.price, bid.at, bid.bidder, bid.bid_id))
    left_amounts: dict[int, Amount] = defaultdict(lambda: bidder_amount_max)
    demands = []
    for bid in ordered:
        if bid.price < reserve_price:
            break
        amount = min(bid.amount, left_amounts[bid.bidder])
        left_amounts[bid.bidder] -= amount
        demands.append((bid, amount))
    return demands


def _cleared(
    price: Price, demands: Sequence[tuple[SealedBid, Amount]], amounts: Sequence[Amount], unit: Amount
) -> Clearing:
    fills = tuple(
        BidFill(bid, amount, mul_div_up(amount, price, unit))
        for (bid, _), amount in zip(demands, amounts, strict=True)
        if amount
    )
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
