"""Trigger keys: prices as integers that keep their order, so that a crossing is one comparison of integers.

    key(x) = the high 32 bits of the float64 x >= 0      x <= y  implies  key(x) <= key(y)

The bits of non-negative floats are in the order of the floats; nothing is rounded, no logarithm is trusted. A key steps by
2**-20 relative to the price, or less. On a *falling* line a trigger T lies beneath the price P and is crossed where P <= T;
on a *rising* one it lies above and both keys are negated. So on every line

    crossed  if  position <= key of the trigger      and what is not crossed by keys is not crossed by prices.

An unknown price (NaN) has the position UNKNOWN, beneath every key: it crosses every trigger, whatever its side.
"""

from typing import Final

import numpy as np
from numba.extending import register_jitable

KEY_MIN: Final = -(1 << 31)
KEY_MAX: Final = (1 << 31) - 1
UNKNOWN: Final = KEY_MIN


@register_jitable(forceinline=True)
def key_of(price_f64: float) -> int:
    """Return the key of a price that is not negative and not NaN."""
    return int(np.float64(price_f64).view(np.int64) >> 32)


@register_jitable(forceinline=True)
def key_of_never(value_f64: float) -> int:
    """Return a key, on a falling line, that no price crosses, only an unknown one; other values give others, in other buckets."""
    return ~key_of(value_f64)


@register_jitable(forceinline=True)
def position_of(price_f64: float, is_rising: bool) -> int:
    """Return where a price stands on its line."""
    if not price_f64 >= 0.0:
        return UNKNOWN
    key = key_of(price_f64)
    return -key if is_rising else key
