"""Bounds on the priority of many accounts, in floats: enough to pick the few that may be the worst for the exact rule.

    P = max(0, D - C * (1 - s)) + max(0, D - W)        |P computed - P| <= 2 |dD| + |dC| + |dW|

in the protocol's own scale. With u = 2**-53 a value carries at most 8 roundings and a sum of 255 of them 254 more, so each
of C, W and D is within 2**-44 of itself, plus the contract's roundings: an amount's, worth at most one base unit, and a
value's, one unit, a position. An averaged threshold takes up to one `average_unit`-th of C off W. An account is said
to be surely below the line only where D - W exceeds all of that. What is not known is unbounded.
"""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seawall.monitor.compilation import compiled
from seawall.monitor.prefetch import prefetch_ahead

Array = NDArray[Any]

_RELATIVE_F64 = 2.0**-40
_LIMB_F64 = 2.0**64
NOT_SURE_F64 = -1.0
_SAMPLE = 16


def bound_priorities_py(
    rows: Array, first: Array, count: Array, category: Array, slot: Array, low: Array, high: Array,
    term_of: Array, value_f64: Array, weight_f64: Array, slack_f64: Array, kept_f64: float, average_f64: float,
    lowest_f64: Array, highest_f64: Array,
) -> None:  # fmt: skip
    """Write bounds on each row's priority; the lower one is NOT_SURE_F64 where it may not be below the line.

    Shapes: rows, lowest_f64 and highest_f64 (n_rows,); value_f64, weight_f64 and slack_f64 (n_terms,): the value of
    one stored unit, NaN where unknown, the weight of a value in units of debt, and the contract's roundings of a value.
    """
    for nth in range(rows.size):
        prefetch_ahead(rows, nth, first, slot, low, high)
        row = rows[nth]
        collateral_f64 = 0.0
        weighted_f64 = 0.0
        debt_f64 = 0.0
        rounded_f64 = 0.0
        begin = int(first[row])
        for at in range(begin, begin + int(count[row])):
            term = term_of[slot[at], category[row]]
            value = (float(high[at]) * _LIMB_F64 + float(low[at])) * value_f64[term]
            rounded_f64 += slack_f64[term]
            if slot[at] & 1:
                debt_f64 += value
            else:
                collateral_f64 += value
                weighted_f64 += value * weight_f64[term]
        error_f64 = 2.0 * rounded_f64 + (collateral_f64 + weighted_f64 + 2.0 * debt_f64) * _RELATIVE_F64 + 2.0
        averaged_f64 = collateral_f64 * average_f64
        stressed_f64 = max(0.0, debt_f64 - collateral_f64 * kept_f64)
        margin_f64 = debt_f64 - weighted_f64
        if margin_f64 > error_f64:
            lowest_f64[nth] = max(0.0, stressed_f64 + margin_f64 - error_f64)
        else:
            lowest_f64[nth] = NOT_SURE_F64
        if margin_f64 <= error_f64 or margin_f64 > error_f64:
            highest_f64[nth] = stressed_f64 + max(0.0, margin_f64 + averaged_f64) + error_f64
        else:
            highest_f64[nth] = inf


bound_priorities_nb = compiled(bound_priorities_py)


def may_be_worst(lowest_f64: Array, highest_f64: Array, count: int) -> Array:
    """Return where those stand that may be among the `count` of highest priority: all that reach the last sure one."""
    if lowest_f64.size <= count:
        return np.arange(lowest_f64.size)
    return np.flatnonzero(highest_f64 >= nth_largest(lowest_f64, count))


def nth_largest(numbers_f64: Array, nth: int) -> float:
    """Return the nth largest; a sample says beneath which there is no need to look."""
    sample_f64 = numbers_f64[::_SAMPLE]
    rank = 2 * (nth // _SAMPLE) + _SAMPLE
    if rank < sample_f64.size:
        top_f64 = numbers_f64[numbers_f64 >= np.partition(sample_f64, sample_f64.size - rank)[sample_f64.size - rank]]
        if top_f64.size >= nth:
            numbers_f64 = top_f64
    return float(np.partition(numbers_f64, numbers_f64.size - nth)[numbers_f64.size - nth])
