"""Pro rata below caps: an amount cut by weights, where nobody's share exceeds its cap and the others take over the rest.

    share_k = min(cap_k, level * weight_k)      the level is the one at which the shares add up to the amount
It is water that rises in vessels: those with the least cap a weight fill first, and what they cannot take is cut pro rata
among the others, by largest remainders. Shares add up to the amount exactly, or to all caps where those are less; no weight,
no share. Equal remainders go by the order in which the weights come.
"""

from collections.abc import Sequence
from itertools import compress, count

from seawall.fixed import div_down
from seawall.rules.pro_rata import pro_rata_shares
from seawall.units import Amount


def capped_pro_rata_shares(amount: Amount, weights: Sequence[int], caps: Sequence[Amount]) -> list[Amount]:
    """Return the share of each weight; weights, caps and the amount are not negative."""
    if sum(compress(caps, weights)) <= amount:
        return [cap if weight else 0 for weight, cap in zip(weights, caps, strict=True)]
    full = _full_places(amount, weights, caps)
    open_weights = list(weights)
    for place in full:
        open_weights[place] = 0
    shares = pro_rata_shares(amount - sum(caps[place] for place in full), open_weights)
    for place in full:
        shares[place] = caps[place]
    return shares


def _full_places(amount: Amount, weights: Sequence[int], caps: Sequence[Amount]) -> list[int]:
    """Return those whose cap is below the level: as each fills, the level of the others rises."""
    near = _near_places(amount, weights, caps)
    # Two different fractions of weights below 2**n are at least 2**-2n apart, so their floors here are in their order.
    scale = 1 << 2 * max((weights[place] for place in near), default=0).bit_length()
    near.sort(key=lambda place: div_down(caps[place] * scale, weights[place]))
    left, weight_left = amount, sum(weights)
    for nth, place in enumerate(near):
        if caps[place] * weight_left >= left * weights[place]:
            return near[:nth]
        left -= caps[place]
        weight_left -= weights[place]
    return near


def _near_places(amount: Amount, weights: Sequence[int], caps: Sequence[Amount]) -> list[int]:
    """Return everybody below some level at which the shares are enough: few, where few are capped.

    Levels are powers of two, a weight down to the right; the first is above the one that nobody's cap would change.
    """
    total = sum(weights)
    shift = total.bit_length() - amount.bit_length() - 1
    while True:
        down, up = max(shift, 0), max(-shift, 0)
        vessels = zip(count(), weights, caps, strict=False)
        near = [place for place, weight, cap in vessels if cap <= weight << up >> down and weight]
        far_weight = total - sum(weights[place] for place in near)
        if (far_weight << up >> down) + sum(caps[place] for place in near) >= amount:
            return near
        shift -= 2
