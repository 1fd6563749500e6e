"""Mark price of a contract: the median of three, so that none of them alone moves it.

    1   index + average of the basis           basis = middle of the book - index, an exponential average over time
    2   median(best bid, best ask, last)       what the book says now
    3   index * (1 + funding * left / period)  what holding to the next funding would cost

each kept within `band_ratio` of the index, down and up. The average moves by integers alone:

    a' = a + (basis - a) * t / (t + T)         T time constant, t since the last sample; RAY, rounded down

t / (t + T) lies between 1 - e^(-t/T) and t / T: a late sample counts for more, never for more than itself. What is kept has nine
digits more than a price, so that the rounding of a million samples stays below one unit of price.
"""

from typing import Final

import msgspec

from seawall.fixed import WAD, mul_div_down, mul_div_up
from seawall.ledger.deployment import MarkRule
from seawall.units import Milliseconds, Price, Ratio

BASIS_DIGITS: Final = 10**9
"""What a RAY has beyond a WAD."""


class BestPrices(msgspec.Struct, frozen=True):
    """Best bid, best ask and last price of the contract's own book."""

    bid_price: Price
    ask_price: Price
    last_price: Price


def basis_average_ray(before_ray: int, basis: Price, elapsed_ms: Milliseconds, basis_time_ms: Milliseconds) -> int:
    """Return the average of the basis, RAY and signed, after a sample; no time passed, no change."""
    return before_ray + mul_div_down(basis * BASIS_DIGITS - before_ray, elapsed_ms, elapsed_ms + basis_time_ms)


def median_price(first: Price, second: Price, third: Price) -> Price:
    """Return the price in the middle."""
    return sorted((first, second, third))[1]


def contract_mark_price(
    index_price: Price,
    average_ray: int,
    best: BestPrices,
    funding_ratio: Ratio,
    left_ms: Milliseconds,
    rule: MarkRule,
) -> Price:
    """Return the mark price, each term rounded down; `funding_ratio` is what longs pay a period, `left_ms` the time to it."""
    carried = mul_div_down(index_price, funding_ratio * left_ms, WAD * rule.funding_period_ms)
    terms = (
        index_price + mul_div_down(average_ray, 1, BASIS_DIGITS),
        median_price(best.bid_price, best.ask_price, best.last_price),
        index_price + carried,
    )
    if not rule.band_ratio:
        return median_price(*terms)
    least = mul_div_up(index_price, WAD - rule.band_ratio, WAD)
    most = mul_div_down(index_price, WAD + rule.band_ratio, WAD)
    return median_price(*(min(max(term, least), most) for term in terms))
