"""Whose order goes first: the expected loss to the protocol, as an integer.

    priority = max(0, D - C * (1 - s)) + max(0, D - W)

C: collateral value, W: weighted collateral value, D: debt value, s: a stated further fall of all collateral.
The first term is the loss if collateral fell by s before anyone acted; the second, how far the account is past its
line, orders those that such a fall would not make insolvent. Both grow with size, so whales come before dust.
"""

from seawall.fixed import WAD, mul_div_down
from seawall.units import Ratio, Value


def expected_loss_value(
    collateral_value: Value, weighted_collateral_value: Value, debt_value: Value, stress_ratio: Ratio
) -> Value:
    """Return the priority of an account below the line; WAD, rounded up by less than one unit."""
    stressed_value = mul_div_down(collateral_value, WAD - stress_ratio, WAD)
    return max(0, debt_value - stressed_value) + max(0, debt_value - weighted_collateral_value)
