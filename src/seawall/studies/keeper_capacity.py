"""Keepers' capacity: how much an hour's keepers could pay, fitted on hours of which some were too much for them.

An hour in which lots went for nothing shows its capacity: what was paid. An hour in which none did shows a bound only: capacity
was at least what was paid. Kaplan and Meier's estimate takes both as they are. With d hours that reached capacity c among the n
hours that paid c or more,

    share of hours with a capacity above c = product over fitted c' <= c of (1 - d / n)

Where lots of an hour would have cost v, all at the usual price, max(0, 1 - c / v) of them go for nothing; the prediction is the
mean of that over the fitted capacities. What lies above the largest that was seen is taken as enough for anything.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from seawall.studies.maker_auctions import HOUR_MS, SoldLot, ether_of, value_of
from seawall.units import Milliseconds

DUST_PERCENT: Final = 1
"""Zero bids on less of an hour's ether than this are lots too small to be bid on, and say nothing of capacity."""


class Hour(NamedTuple):
    """The lots of an hour: how many, how many for nothing, what was paid and what the oracle called them worth, WAD."""

    starts_at: Milliseconds
    lot_count: int
    zero_count: int
    paid_amount: int
    oracle_value: int
    is_reached: bool


class Capacity(NamedTuple):
    """One fitted capacity an hour, WAD, and the share of hours that has it."""

    amount: int
    share_f64: float


def hours_of(lots: Sequence[SoldLot]) -> list[Hour]:
    """Return the hours in which last bids came, in order."""
    by_hour: dict[Milliseconds, list[SoldLot]] = {}
    for sold in lots:
        by_hour.setdefault(sold.bid_at - sold.bid_at % HOUR_MS, []).append(sold)
    return [_hour(starts_at, by_hour[starts_at]) for starts_at in sorted(by_hour)]


def _hour(starts_at: Milliseconds, lots: Sequence[SoldLot]) -> Hour:
    zeros = [sold for sold in lots if sold.is_zero_bid]
    return Hour(
        starts_at, len(lots), len(zeros), value_of(lots, lambda sold: sold.won_price),
        value_of(lots, lambda sold: sold.bid_oracle_price),
        100 * ether_of(zeros) >= DUST_PERCENT * ether_of(lots),
    )  # fmt: skip


def fitted_capacities(hours: Sequence[Hour]) -> list[Capacity]:
    """Return the capacities that were reached, ascending, with their shares; what is left of one is no limit at all."""
    capacities = []
    above_f64 = 1.0
    for amount in sorted({hour.paid_amount for hour in hours if hour.is_reached}):
        at_risk = sum(hour.paid_amount >= amount for hour in hours)
        reached = sum(hour.is_reached and hour.paid_amount == amount for hour in hours)
        left_f64 = above_f64 * (1 - reached / at_risk)
        capacities.append(Capacity(amount, above_f64 - left_f64))
        above_f64 = left_f64
    return capacities


def usual_price_ratio_f64(lots: Sequence[SoldLot]) -> float:
    """Return what bids above nothing paid, over the oracle's value of their lots."""
    bid = [sold for sold in lots if not sold.is_zero_bid]
    return value_of(bid, lambda sold: sold.won_price) / value_of(bid, lambda sold: sold.bid_oracle_price)


def zero_share_f64(asked_f64: float, capacities: Sequence[Capacity]) -> float:
    """Return the mean share of an hour's lots that goes for nothing, where all of them would cost `asked_f64` (WAD)."""
    return sum(each.share_f64 * max(0.0, 1.0 - each.amount / asked_f64) for each in capacities)
