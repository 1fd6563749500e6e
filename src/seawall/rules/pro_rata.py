"""Pro rata: an amount cut into integer shares, to the last unit.

    quota_k = amount * weight_k / sum of weights        share_k = floor(quota_k), or one more for the largest remainders
Shares add up to the amount exactly, each is within one unit of its quota, and a weight of zero gets nothing. Equal
remainders go by the order in which the weights come, so whoever calls puts them in a total order first.
"""

from collections.abc import Sequence
from typing import Final

from seawall.fixed import mul_div_down_each
from seawall.units import Amount

_REGISTER_BITS: Final = 30
"""What Python keeps in one digit of an integer, and so compares at once."""


def pro_rata_shares(amount: Amount, weights: Sequence[int]) -> list[Amount]:
    """Return the share of each weight by largest remainders; weights are not negative, and one is positive unless the amount is zero."""
    total = sum(weights)
    if amount == 0:
        return [0] * len(weights)
    assert amount > 0, amount
    assert total > 0, (amount, total)
    shares = mul_div_down_each(weights, amount, total)
    left = amount - sum(shares)
    if left:
        remainders = [amount * weight - share * total for weight, share in zip(weights, shares, strict=True)]
        for place in _greatest(remainders, left):
            shares[place] += 1
    return shares


def _greatest(remainders: Sequence[int], count: int) -> list[int]:
    """Return the places of the `count` greatest, of equals the first.

    Only their highest bits are sorted, which fit a register; who is as high as the last of them is told apart exactly.
    """
    shift = max(0, max(remainders).bit_length() - _REGISTER_BITS)
    heights = [remainder >> shift for remainder in remainders]
    last = sorted(heights, reverse=True)[count - 1]
    places = [place for place, height in enumerate(heights) if height > last]
    level = [place for place, height in enumerate(heights) if height == last]
    level.sort(key=remainders.__getitem__, reverse=True)
    return places + level[: count - len(places)]
