"""Pro rata: an amount cut into integer shares, to the last unit.

    quota_k = amount * weight_k / sum of weights        share_k = floor(quota_k), or one more for the largest remainders
Shares add up to the amount exactly, each is within one unit of its quota, and a weight of zero gets nothing. Equal
remainders go by the order in which the weights come, so whoever calls puts them in a total order first.
"""

from collections.abc import Sequence

from seawall.fixed import mul_div_down
from seawall.units import Amount


def pro_rata_shares(amount: Amount, weights: Sequence[int]) -> list[Amount]:
    """Return the share of each weight by largest remainders; weights are not negative, and one is positive unless the amount is zero."""
    total = sum(weights)
    if amount == 0:
        return [0] * len(weights)
    assert amount > 0, amount
    assert total > 0, (amount, total)
    shares = [mul_div_down(amount, weight, total) for weight in weights]
    left = amount - sum(shares)
    if left:
        remainders = [amount * weight - share * total for weight, share in zip(weights, shares, strict=True)]
        for place in sorted(range(len(weights)), key=lambda place: -remainders[place])[:left]:
            shares[place] += 1
    return shares
