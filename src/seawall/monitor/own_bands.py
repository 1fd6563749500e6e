"""Own bands: how far each price of an account may move before its status can change, and when it is not worth a trigger.

    M = sum of c_k P_k > V,   v_k = |c_k| P_k,   S = sum of v_k,   B = (M − V' − 2**-43 S)(1 − 2**-40),   V' >= V
    d_k = B (s_k² / v_k)^(1/3) / Z,   Z = sum of (v_k s_k)^(2/3),   trigger  P_k (1 − d_k) if c_k > 0, else P_k (1 + d_k)

Then sum of v_k d_k = B, and as M is linear, M(P') >= M − sum of v_k d_k > V' for every P' that has crossed no trigger,
whatever the path. Rounding: M is summed with at most 256u S of error and a trigger rounds by at most 2u P_k, together below
2**-43 S = 1024u S; roots, quotients and Z lose less than 600u of B, below its 2**-40. With s_k the usual move of price k,
these bands minimise the rate of crossings, Z³ / B² (the cube-root rule). Where it is above 1 / CALM², looking at
the account on every tick is cheaper than its triggers. A price of zero can only be left upwards: such terms share B / 1024.
"""

from math import sqrt
from typing import Final

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.account_blocks import BLOCK, Array
from seawall.monitor.trigger_key import key_of, key_of_never

CALM: Final = 4.0
"""The margin, in usual moves, from which on an account is left to its triggers: the root of what one re-banding costs
beside one look on each tick."""

SCALE_START: Final = 2.0**-10
SCALE_MIN: Final = 2.0**-16
SCALE_MAX: Final = 2.0**-4

_SUM_ERROR: Final = 2.0**-43
_SHRINK: Final = 1.0 - 2.0**-40
_ZERO_SHARE: Final = 2.0**-10


@register_jitable(forceinline=True)
def follow_scale(scale_f64: float, before_f64: float, now_f64: float) -> float:
    """Return the usual relative move of a price after one more tick: a running upper tercile, deaf to single jumps."""
    if abs(now_f64 - before_f64) > scale_f64 * before_f64:
        return min(scale_f64 * 1.03125, SCALE_MAX)
    return max(scale_f64 * 0.984375, SCALE_MIN)


@register_jitable(forceinline=True)
def certain_budget(margin_f64: float, size_f64: float, value_f64: float) -> float:
    """Return B, what of a margin may be lost for certain: NaN or negative where nothing is certain."""
    return (margin_f64 - value_f64 - _SUM_ERROR * size_f64) * _SHRINK


@register_jitable(forceinline=True)
def budget_and_spread(
    coefficient_f64: Array, term: Array, cell: int, width: int, price_f64: Array, scale_f64: Array, value_f64: float
) -> tuple[float, float]:
    """Return (B, Z) of the account whose cells begin at `cell`; NaN or a negative B where nothing is certain."""
    margin_f64, size_f64, spread_f64 = 0.0, 0.0, 0.0
    for nth in range(width):
        at = cell + nth * BLOCK
        value = coefficient_f64[at] * price_f64[term[at]]
        margin_f64 += value
        size_f64 += abs(value)
        root_f64 = np.cbrt(abs(value) * scale_f64[term[at]])
        spread_f64 += root_f64 * root_f64
    return certain_budget(margin_f64, size_f64, value_f64), spread_f64


@register_jitable(forceinline=True)
def is_calm(budget_f64: float, spread_f64: float, calm_f64: float) -> bool:
    """Return whether a margin is at least so many usual moves; not where it is NaN."""
    return budget_f64 > 0.0 and budget_f64 < np.inf and budget_f64 >= calm_f64 * spread_f64 * sqrt(spread_f64)


@register_jitable(forceinline=True)
def trigger_key_of(
    coefficient_f64: float, price_f64: float, scale_f64: float, budget_f64: float, spread_f64: float, width: int
) -> int:
    """Return the key of the trigger of one term, on its line: falling where it holds up, rising where it pulls down."""
    value_f64 = abs(coefficient_f64) * price_f64
    if coefficient_f64 >= 0.0:
        if value_f64 == 0.0:
            return key_of_never(0.0)
        trigger_f64 = price_f64 * (
            1.0 - (1.0 - _ZERO_SHARE) * budget_f64 * np.cbrt(scale_f64 * scale_f64 / value_f64) / spread_f64
        )
        return key_of(trigger_f64) if trigger_f64 > 0.0 else key_of_never(value_f64)
    if value_f64 == 0.0:
        return -key_of(budget_f64 * _ZERO_SHARE * _SHRINK / (width * -coefficient_f64))
    return -key_of(
        price_f64 * (1.0 + (1.0 - _ZERO_SHARE) * budget_f64 * np.cbrt(scale_f64 * scale_f64 / value_f64) / spread_f64)
    )
