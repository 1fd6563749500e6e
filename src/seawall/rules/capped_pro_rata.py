"""Pro rata below caps: an amount cut by weights, where nobody's share exceeds its cap and the others take over the rest.

    share_k = min(cap_k, level * weight_k)      the level is the one at which the shares add up to the amount
It is water that rises in vessels: those with the least cap a weight fill first, and what they cannot take is cut pro rata
among the others, by largest remainders. Shares add up to the amount exactly, or to all caps where those are less; no weight,
no share. Equal remainders go by the order in which the weights come.
"""

from collections.abc import Sequence

from seawall.fixed import div_down
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount


def capped_pro_rata_shares(amount: Amount, weights: Sequence[int], caps: Sequence[Amount]) -> list[Amount]:
    """Return the share of each weight; weights, caps and the amount are not negative."""
    payers = [place for place, weight in enumerate(weights) if weight]
    shares = [0] * len(weights)
    if sum(caps[place] for place in payers) <= amount:
        for place in payers:
            shares[place] = caps[place]
        return shares
    left, weight_left = amount, sum(weights)
    # Two different fractions of weights below 2**n are at least 2**-2n apart, so their floors here are in their order.
    scale = 1 << 2 * max(weights).bit_length()
    levels = [div_down(caps[place] * scale, weights[place]) for place in payers]
    full_count = 0
    for nth in sorted(range(len(payers)), key=levels.__getitem__):
        place = payers[nth]
        if caps[place] * weight_left >= left * weights[place]:
            break
        shares[place] = caps[place]
        left -= caps[place]
        weight_left -= weights[place]
        payers[nth] = -1
        full_count += 1
    open_places = [place for place in payers if place >= 0] if full_count else payers
    for place, share in zip(open_places, pro_rata_shares(left, [weights[p] for p in open_places]), strict=True):
        shares[place] = share
    return shares
