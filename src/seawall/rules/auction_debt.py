"""What an auction is to raise: how much of a debt fits the room that is left, and the penalty on top of it.

    fits = floor(floor(room * WAD / index) / (1 + penalty))        due = floor(debt * (1 + penalty))

Money is RAY money, base units of the debt asset with 27 more digits: a balance times its index is such money exactly.
"""

from seawall.fixed import RAY, WAD, div_down, div_up, mul_div_down
from seawall.units import Amount, Balance, Index, Ratio, Value


def money_ray(value: Value, debt_unit: Amount) -> int:
    """Return whole debt assets, WAD, as RAY money, rounded down."""
    return mul_div_down(value * debt_unit, RAY, WAD)


def pay_amount(pay_ray: int) -> Amount:
    """Return what a keeper pays, in base units, rounded up."""
    return div_up(pay_ray, RAY)


def balance_that_fits(room_ray: int, debt_index: Index, penalty_ratio: Ratio) -> Balance:
    """Return the debt that fits a room together with its penalty, rounded down at each of the two divisions."""
    return div_down(mul_div_down(room_ray, WAD, debt_index), WAD + penalty_ratio)


def due_with_penalty(debt_ray: int, penalty_ratio: Ratio) -> int:
    """Return what an auction is to raise for a debt, rounded down."""
    return mul_div_down(debt_ray, WAD + penalty_ratio, WAD)
