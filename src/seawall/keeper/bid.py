"""The bid: how much of an order is worth filling.

    profit(r) = proceeds(s(r)) − cost · r,    s(r) = s_max · r / r_max

r is the repaid amount and s the seized one. Where the market pays less for each further unit, proceeds are concave
and so is the profit: its greatest value is found by narrowing an interval, in a fixed number of steps. Outside the
frontier: the bid is a proposal, and the rule decides again when the fill comes.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from seawall.fixed import mul_div_down
from seawall.units import Amount

_PARTS: Final = 10**9
_NARROW: Final = 618_033_989
_SLIVER: Final = 10**6
_STEPS: Final = 32


class Bid(NamedTuple):
    """What to repay, what should come for it, and the profit that is left."""

    repay_amount: Amount
    seize_amount: Amount
    profit_f64: float


def best_bid(
    repay_amount_max: Amount,
    seize_amount_at_max: Amount,
    repay_unit_value_f64: float,
    proceeds_f64: Callable[[Amount], float],
    affordable_amount: Amount,
) -> Bid:
    """Return the bid of greatest profit up to `repay_amount_max` and to what the keeper can afford.

    Where not even the first thousandth pays, that is nothing: no larger part can. Where nothing is to be repaid, all that
    is seized is profit.

    `repay_unit_value_f64` is the cost of one base unit; `proceeds_f64` says what a seized amount brings.
    """
    if not repay_amount_max:
        return Bid(0, seize_amount_at_max, proceeds_f64(seize_amount_at_max))
    top_amount = min(repay_amount_max, affordable_amount)

    def bid_for(parts: int) -> Bid:
        repay_amount = mul_div_down(top_amount, parts, _PARTS)
        seize_amount = mul_div_down(seize_amount_at_max, repay_amount, repay_amount_max)
        return Bid(repay_amount, seize_amount, proceeds_f64(seize_amount) - repay_unit_value_f64 * repay_amount)

    whole = bid_for(_PARTS)
    if whole.profit_f64 >= bid_for(_PARTS - _SLIVER).profit_f64:
        return whole
    if bid_for(_SLIVER).profit_f64 <= 0.0:
        return Bid(0, 0, 0.0)
    low, high = 0, _PARTS
    inner = low + mul_div_down(high - low, _PARTS - _NARROW, _PARTS)
    outer = low + mul_div_down(high - low, _NARROW, _PARTS)
    inner_bid, outer_bid = bid_for(inner), bid_for(outer)
    for _ in range(_STEPS):
        if inner_bid.profit_f64 > outer_bid.profit_f64:
            high, outer, outer_bid = outer, inner, inner_bid
            inner = low + mul_div_down(high - low, _PARTS - _NARROW, _PARTS)
            inner_bid = bid_for(inner)
        else:
            low, inner, inner_bid = inner, outer, outer_bid
            outer = low + mul_div_down(high - low, _NARROW, _PARTS)
            outer_bid = bid_for(outer)
    return max(inner_bid, outer_bid, whole, key=lambda bid: bid.profit_f64)
