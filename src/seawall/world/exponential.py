"""Exponentials that are the same on every machine.

A platform's `exp` may differ in the last bit from another's, and one bit can change a bid. The decimal module's are
correctly rounded everywhere, and so is the conversion of their result to float64.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

_CONTEXT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)
_LN_2: Final = _CONTEXT.ln(Decimal(2))


def exponential_f64(exponent: float) -> float:
    """Return e to the power of `exponent`."""
    return float(_CONTEXT.exp(Decimal(exponent)))


def logarithm_f64(number: float) -> float:
    """Return the natural logarithm of a positive `number`."""
    return float(_CONTEXT.ln(Decimal(number)))


def half_to_the_f64(exponent: float) -> float:
    """Return 1/2 to the power of `exponent`, which is not negative."""
    return float(_CONTEXT.exp(_CONTEXT.multiply(Decimal(-exponent), _LN_2)))
