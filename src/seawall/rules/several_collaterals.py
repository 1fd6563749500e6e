"""Several collaterals: out of which ones to repay, and how much, so that a target health costs the borrower least.

y_j is repaid out of collateral j, which seizes (1 + b_j) y_j; a unit of it gains g_j = h* - l_j (1 + b_j):
    least  sum of b_j y_j      so that  sum of g_j y_j >= h*D - W,   y_j <= C_j / (1 + b_j),   sum of y_j <= D
Without the last condition, taking collaterals by b_j / g_j, least first, is optimal (a covering knapsack whose items can be cut).
Where that asks for more than the debt, the least cost is a linear program's to find; without one, more gain for each unit of
repay comes first, which reaches the target whenever anything does. A collateral with g_j <= 0 makes health worse and is left.
A repay rounds up where it must reach the target, and down where it must not exceed what the collateral pays.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import NamedTuple

from seawall.fixed import WAD, div_up, mul_div_down
from seawall.units import Ratio, Value


class SeizableCollateral(NamedTuple):
    """A collateral that may be seized: its value, and the threshold and bonus that hold for it."""

    value: Value
    liquidation_threshold_ratio: Ratio
    liquidation_bonus_ratio: Ratio

    def gain(self, target_health_ratio: Ratio) -> int:
        """Return WAD squared times what a unit of repay brings nearer the target; zero or less where it is toxic there."""
        return target_health_ratio * WAD - self.liquidation_threshold_ratio * (WAD + self.liquidation_bonus_ratio)

    @property
    def repay_value_max(self) -> Value:
        """What it repays when all of it is seized, rounded down."""
        return mul_div_down(self.value, WAD, WAD + self.liquidation_bonus_ratio)


def repay_values_to_target(
    weighted_collateral_value: Value,
    debt_value: Value,
    target_health_ratio: Ratio,
    collaterals: Sequence[SeizableCollateral],
) -> list[Value] | None:
    """Return what to repay out of each collateral; None where no choice reaches the target without more than the debt.

    The sum is what reaches the target at least cost to the borrower, or, where that exceeds the debt, the least repay.
    """
    missing = target_health_ratio * debt_value - weighted_collateral_value * WAD
    cheapest = _taken_in_order(missing, target_health_ratio, collaterals, _by_cost)
    if cheapest is not None and sum(cheapest) <= debt_value:
        return cheapest
    least = _taken_in_order(missing, target_health_ratio, collaterals, _by_gain)
    return least if least is not None and sum(least) <= debt_value else None


def heals(
    weighted_collateral_value: Value,
    debt_value: Value,
    target_health_ratio: Ratio,
    collaterals: Sequence[SeizableCollateral],
    repay_values: Sequence[Value],
) -> bool:
    """Return whether a proposed repay out of each collateral reaches the target within the debt and what they pay; exact."""
    gained = 0
    for collateral, repay_value in zip(collaterals, repay_values, strict=True):
        if not 0 <= repay_value <= collateral.repay_value_max:
            return False
        gained += collateral.gain(target_health_ratio) * repay_value
    missing = target_health_ratio * debt_value - weighted_collateral_value * WAD
    return gained >= missing * WAD and sum(repay_values) <= debt_value


_Item = tuple[int, int, int]  # bonus, gain, place
_Order = Callable[[_Item, _Item], int]


def _by_cost(left: _Item, right: _Item) -> int:
    """Compare b / g by cross products, the lower first; then the greater gain, then the place."""
    return left[0] * right[1] - right[0] * left[1] or right[1] - left[1] or left[2] - right[2]


def _by_gain(left: _Item, right: _Item) -> int:
    """Compare g, the greater first; then the lower bonus, then the place."""
    return right[1] - left[1] or left[0] - right[0] or left[2] - right[2]


def _taken_in_order(
    missing: int, target_health_ratio: Ratio, collaterals: Sequence[SeizableCollateral], order: _Order
) -> list[Value] | None:
    """Return the repay out of each collateral, each taken whole before the next one, until nothing is missing."""
    items = [
        (collateral.liquidation_bonus_ratio, gain, place)
        for place, collateral in enumerate(collaterals)
        if (gain := collateral.gain(target_health_ratio)) > 0
    ]
    repay_values = [0] * len(collaterals)
    left = missing * WAD
    for _, gain, place in sorted(items, key=cmp_to_key(order)):
        if left <= 0:
            break
        repay_values[place] = min(collaterals[place].repay_value_max, div_up(left, gain))
        left -= gain * repay_values[place]
    return repay_values if left <= 0 else None
