"""Intervals over seeds: the mean with the 95 % interval of Student's t, which takes seeds as independent and the mean as normal.

    mean +/- t(n - 1) * s / sqrt(n)        s the standard deviation over the n seeds, divided by n - 1

Protocols meet the same dice, so two are compared by the interval of their differences, seed by seed. One seed has no
interval. t is expanded in 1 / (n - 1) around the normal quantile, as Cornish and Fisher do; for small n a table holds it.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import Final

import msgspec

_NORMAL: Final = 1.959963984540054
_SMALL: Final = (12.706204736, 4.30265273, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252)


class Interval(msgspec.Struct, frozen=True):
    """A mean and how far its interval reaches to both sides; None where one seed says nothing of it."""

    mean_f64: float
    half_width_f64: float | None

    @property
    def holds_zero(self) -> bool:
        """Whether zero lies within: no difference was found."""
        return abs(self.mean_f64) <= (self.half_width_f64 or 0.0)


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of at least one value with its interval."""
    count = len(values)
    mean = fsum(values) / count
    if count == 1:
        return Interval(mean, None)
    variance = fsum((value - mean) ** 2 for value in values) / (count - 1)
    return Interval(mean, student_t_f64(count - 1) * sqrt(variance / count))


def difference(values: Sequence[float], others: Sequence[float]) -> Interval:
    """Return the interval of the differences, value by value."""
    return interval([value - other for value, other in zip(values, others, strict=True)])


def student_t_f64(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t with at least one degree of freedom, within 0.001."""
    if freedom <= len(_SMALL):
        return _SMALL[freedom - 1]
    z = _NORMAL
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
