"""Margin: how far an account is from the line.

C and D are the values of all collateral and all debt, W is the weighted collateral, the sum of value * liquidation
threshold. Then
    health factor  W / D, one is the line        equity  C - D
    margin deficit max(0, h*D - W) to reach a health factor h
Values are WAD and already carry their protocol's rounding. The prices here are those of the linear margin, in which
balances have no smallest unit; a protocol's own rounding of the other positions is in the values that it passes.
"""

from typing import Final

from seawall.fixed import WAD, div_down, div_up, mul_div_down, mul_div_up
from seawall.units import Amount, Price, Ratio, Value

HEALTH_FACTOR_MAX: Final = 2**256 - 1
"""The health factor of an account without debt."""


def health_factor_ratio(weighted_collateral_value: Value, debt_value: Value) -> Ratio:
    """Return W / D rounded down, so that it is below one exactly where W < D; HEALTH_FACTOR_MAX without debt."""
    if debt_value == 0:
        return HEALTH_FACTOR_MAX
    return mul_div_down(weighted_collateral_value, WAD, debt_value)


def equity_value(collateral_value: Value, debt_value: Value) -> Value:
    """Return C - D; negative where the account is insolvent."""
    return collateral_value - debt_value


def is_insolvent(collateral_value: Value, debt_value: Value) -> bool:
    """Return whether the debt is worth more than all collateral."""
    return collateral_value < debt_value


def margin_deficit_value(weighted_collateral_value: Value, debt_value: Value, target_health_ratio: Ratio) -> Value:
    """Return the weighted collateral that is missing to the target health, rounded up; zero at or above it."""
    return max(0, mul_div_up(target_health_ratio, debt_value, WAD) - weighted_collateral_value)


def liquidation_price(
    collateral_amount: Amount,
    debt_amount: Amount,
    unit: Amount,
    liquidation_threshold_ratio: Ratio,
    other_weighted_collateral_value: Value,
    other_debt_value: Value,
) -> Price | None:
    """Return the price of one asset at which an account becomes liquidatable, everything else still.

    The account has `collateral_amount` and `debt_amount` of the asset. Where it is long, the highest price at which
    W < D; where it is short, the lowest. None where no positive price makes it liquidatable, and where the asset's
    price does not move its margin at all.
    """
    slope = collateral_amount * liquidation_threshold_ratio - debt_amount * WAD
    missing = (other_debt_value - other_weighted_collateral_value) * unit * WAD
    if slope > 0:
        # Liquidatable where slope * price < missing; the highest such integer is one less than the ceiling.
        price = div_up(missing, slope) - 1
        return price if price > 0 else None
    if slope < 0:
        return max(1, div_down(-missing, -slope) + 1)
    return None
