"""Fairness of what is taken from those who did nothing wrong: the Gini coefficient of their haircuts, and the worst.

A haircut is the share of what somebody had that was taken. With weights w (what each had), haircuts h in ascending
order and H = sum of w * h,

    Gini = 1 - sum of w_i * (2 * T_i - w_i * h_i) / (W * H)        T_i = h_1 * w_1 + ... + h_i * w_i, W = sum of w

which is 0 where all lose the same share, and near 1 where one bears everything. Nothing taken is no inequality: 0.
How far what was closed lies with few is its Herfindahl index, the sum of squared shares: 1 where it was one position.
"""

from collections.abc import Iterable, Sequence


def gini_f64(haircuts: Iterable[tuple[float, float]]) -> float:
    """Return the Gini coefficient of (weight, haircut) pairs, neither negative."""
    ordered = sorted(((weight, haircut) for weight, haircut in haircuts if weight > 0), key=lambda pair: pair[1])
    total_weight = sum(weight for weight, _ in ordered)
    taken = sum(weight * haircut for weight, haircut in ordered)
    if not taken:
        return 0.0
    reached = area = 0.0
    for weight, haircut in ordered:
        reached += weight * haircut
        area += weight * (2 * reached - weight * haircut)
    return max(0.0, 1.0 - area / (total_weight * taken))


def worst_haircut_f64(haircuts: Iterable[tuple[float, float]]) -> float:
    """Return the largest haircut of anybody who had something."""
    return max((haircut for weight, haircut in haircuts if weight > 0), default=0.0)


def profit_haircuts_f64(paid: Sequence[int], profits: Sequence[int]) -> list[tuple[float, float]]:
    """Return (profit, share of it that was paid), for everybody who had a profit."""
    return [(float(profit), value / profit) for value, profit in zip(paid, profits, strict=True) if profit > 0]


def concentration_f64(closed: Sequence[int]) -> float:
    """Return the Herfindahl index of amounts; 0 where nothing was closed."""
    total = sum(closed)
    return sum((amount / total) ** 2 for amount in closed) if total else 0.0
