"""Stability pool: capital that pays an account's debt and takes its collateral, shared by all backers in one step.

    offset of debt Q for collateral E     S[s] += floor(P * E / T),  P = floor(P * (T - Q) / T),  T -= Q
    what a commitment d is worth          floor(floor(d * P / P0) / F ** (s - s0)),  nothing after 8 scales
    what it gained                        floor(d * (S[s0] - S0 + floor(S[s0 + 1] / F) + floor(S[s0 + 2] / F ** 2)) / P0)

T is the total, P the product, which starts at 1e36, s its scale and S the sum of the scale; the commitment saw P0, S0 and
s0. While P is below 1e27 it is divided out of a numerator F = 1e9 times as large, one scale on. A pool that is emptied
begins an epoch: the product is as at the start, the scale far beyond all that an older commitment reads.
Everything rounds down, so backers never own more than there is. n offsets take less than n * 1e-27 of a worth, and of a gain
n * 1e-27 of it and of the capital's number, beside three units; a commitment that fell below 1e-18 of itself gains no more.
Source: Liquity v2, exactly, which leaves one coin in the pool and so has one epoch; Batog, Boca and Johnson, 2018.
"""

from collections.abc import Iterable
from typing import Final

from seawall.fixed import div_down, mul_div_down, mul_div_mul_div_down
from seawall.ledger.backstop import PRODUCT_ONE, Backstop, Commitment
from seawall.units import Amount

_SCALE_FACTOR: Final = 10**9
_PRODUCT_MIN: Final = 10**27
_SCALES_OF_WORTH: Final = 8
_EPOCH_SCALES: Final = _SCALES_OF_WORTH + 1
_NONE: Final = Commitment(amount=0, product=PRODUCT_ONE, gain_sum=0, scale=0)


def offset(backstop: Backstop, debt_amount: Amount, collateral_amount: Amount) -> None:
    """Pay debt out of the pool, in proportion to what each backer has in it, and share the collateral likewise.

    The same work for any number of backers. The pool must hold the debt.
    """
    total = backstop.amount
    assert 0 < debt_amount <= total, (debt_amount, total)
    scale, sums = backstop.scale, backstop.gain_sums
    sums[scale] = sums.get(scale, 0) + mul_div_down(backstop.product, collateral_amount, total)
    backstop.amount -= debt_amount
    backstop.collateral_amount += collateral_amount
    if debt_amount == total:
        backstop.product, backstop.scale = PRODUCT_ONE, scale + _EPOCH_SCALES
        return
    numerator = backstop.product * (total - debt_amount)
    product = div_down(numerator, total)
    while product < _PRODUCT_MIN:
        numerator *= _SCALE_FACTOR
        product = div_down(numerator, total)
        backstop.scale += 1
    backstop.product = product


def commit(backstop: Backstop, backer: bytes, change_amount: Amount) -> None:
    """Add capital of a backer's, or take some out; the gains so far are kept for it.

    It must not take out more than `worth` says.
    """
    held = backstop.commitments.get(backer, _NONE)
    amount = worth(backstop, held) + change_amount
    assert amount >= 0, (backer, amount)
    _set(backstop, backer, amount, held.kept_amount + gain(backstop, held))
    backstop.amount += change_amount


def take_gain(backstop: Backstop, backer: bytes) -> Amount:
    """Hand out what a backer gained and return it; the capital stays."""
    held = backstop.commitments.get(backer, _NONE)
    taken_amount = held.kept_amount + gain(backstop, held)
    _set(backstop, backer, worth(backstop, held), 0)
    backstop.collateral_amount -= taken_amount
    return taken_amount


def _set(backstop: Backstop, backer: bytes, amount: Amount, kept_amount: Amount) -> None:
    """Write a commitment as of now; one without capital and gains goes."""
    if not amount and not kept_amount:
        backstop.commitments.pop(backer, None)
        return
    scale = backstop.scale
    backstop.commitments[backer] = Commitment(
        amount, backstop.product, backstop.gain_sums.get(scale, 0), scale, kept_amount
    )


def worth(backstop: Backstop, held: Commitment) -> Amount:
    """Return what is left of a commitment's capital."""
    scale_count = backstop.scale - held.scale
    if scale_count > _SCALES_OF_WORTH:
        return 0
    return mul_div_mul_div_down(held.amount, backstop.product, held.product, 1, _SCALE_FACTOR**scale_count)


def gain(backstop: Backstop, held: Commitment) -> Amount:
    """Return the collateral that a commitment gained since it last changed."""
    return mul_div_down(held.amount, _sum_from(backstop, held.scale) - held.gain_sum, held.product)


def _sum_from(backstop: Backstop, scale: int) -> int:
    """Return the sum that a commitment of a scale reads: its own scale's and the next two, each worth a billionth."""
    sums = backstop.gain_sums
    return (
        sums.get(scale, 0)
        + div_down(sums.get(scale + 1, 0), _SCALE_FACTOR)
        + div_down(sums.get(scale + 2, 0), _SCALE_FACTOR**2)
    )


def claims(backstop: Backstop, commitments: Iterable[Commitment]) -> list[tuple[Amount, Amount]]:
    """Return (worth, gain with what was kept) of each commitment, as `worth` and `gain` do one by one."""
    readings: dict[int, tuple[int, int]] = {}
    product, scale = backstop.product, backstop.scale
    found = []
    for held in commitments:
        seen = held.scale
        if seen not in readings:
            scale_count = scale - seen
            divisor = _SCALE_FACTOR**scale_count if scale_count <= _SCALES_OF_WORTH else 0
            readings[seen] = divisor, _sum_from(backstop, seen)
        divisor, gain_sum = readings[seen]
        amount, product_seen = held.amount, held.product
        left = mul_div_mul_div_down(amount, product, product_seen, 1, divisor) if divisor else 0
        found.append((left, held.kept_amount + mul_div_down(amount, gain_sum - held.gain_sum, product_seen)))
    return found
