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

from seawall.fixed import RAY, WAD, div_up, mul_div_down, mul_div_up
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount, Milliseconds, Price, Ratio


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


class Delivery(NamedTuple):
    """A part of a fill: how much of it one account sells, and what that pays."""

    nth_fill: int
    nth_account: int
    amount: Amount
    paid_amount: Amount


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


def deliveries(clearing: Clearing, offered_amounts: Sequence[Amount]) -> list[Delivery]:
    """Return whose goods each fill is made of: accounts sell in their order, worst first, and fills are served in theirs.

    A part of a fill pays its share of it rounded down, its last part the rest, so that both sides add up to the unit.
    """
    parts: list[Delivery] = []
    left_amounts = list(offered_amounts)
    nth_account = 0
    for nth_fill, (_, fill_amount, fill_paid_amount) in enumerate(clearing.fills):
        missing_amount, unpaid_amount = fill_amount, fill_paid_amount
        while missing_amount:
            if not left_amounts[nth_account]:
                nth_account += 1
                continue
            amount = min(missing_amount, left_amounts[nth_account])
            is_last = amount == missing_amount
            paid_amount = unpaid_amount if is_last else mul_div_down(unpaid_amount, amount, missing_amount)
            parts.append(Delivery(nth_fill, nth_account, amount, paid_amount))
            left_amounts[nth_account] -= amount
            missing_amount -= amount
            unpaid_amount -= paid_amount
    return parts


def clear_as_needed(
    offered_amounts: Sequence[Amount],
    due_rays: Sequence[int],
    price_min: Price,
    bids: Sequence[SealedBid],
    bidder_ratio_max: Ratio,
) -> tuple[Clearing, list[Delivery]]:
    """Clear what accounts offer, none of them more than raises what it is due at the clearing price, rounded up.

    Prices are in RAY money for one unit of what is offered, as is what is due.
    The price starts at the reserve and rises, and less is for sale at each rise, until the two agree: it is the least such
    price. One bidder gets at most its share, rounded up, of all that is for sale at the reserve.
    """
    for_sale = _needed_amounts(offered_amounts, due_rays, price_min)
    bidder_amount_max = mul_div_up(sum(for_sale), bidder_ratio_max, WAD)
    while True:
        clearing = clear(sum(for_sale), RAY, price_min, bids, bidder_amount_max)
        needed = _needed_amounts(offered_amounts, due_rays, clearing.price)
        if needed == for_sale:
            return clearing, deliveries(clearing, for_sale)
        for_sale = needed


def _needed_amounts(offered_amounts: Sequence[Amount], due_rays: Sequence[int], price: Price) -> list[Amount]:
    return [min(offered, div_up(due_ray, price)) for offered, due_ray in zip(offered_amounts, due_rays, strict=True)]
