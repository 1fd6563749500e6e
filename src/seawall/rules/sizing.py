"""Sizing: how much of a debt one liquidation may repay.

W weighted collateral, D debt, h* the target health, l the liquidation threshold and b the bonus of the collateral
that is seized. A repay of x seizes (1 + b)x, so
    health after    (W - l(1 + b)x) / (D - x)
    target repay    x* = (h*D - W) / (h* - l(1 + b)),  none where h* <= l(1 + b): then only a full close is left
    toxic           W / D <= l(1 + b): every x leaves the health factor where it was, or lower
The sign of the change does not depend on x, so what is toxic by a little is toxic in whole. With several collaterals
l and b are those of the seized one, and one collateral can be toxic where another is not.
"""

from seawall.fixed import WAD, div_up, mul_div_down
from seawall.units import Amount, Ratio, Value


def close_factor_repay_amount(debt_amount: Amount, close_factor_ratio: Ratio) -> Amount:
    """Return the share of a debt that one liquidation may repay, rounded down: the keeper loses the unit."""
    return mul_div_down(debt_amount, close_factor_ratio, WAD)


def target_health_repay_value(
    weighted_collateral_value: Value,
    debt_value: Value,
    target_health_ratio: Ratio,
    liquidation_threshold_ratio: Ratio,
    liquidation_bonus_ratio: Ratio,
) -> Value | None:
    """Return the least repay that reaches the target health, rounded up so that it is reached.

    Zero at or above the target. None where no partial repay reaches it. It may exceed the debt or what the seized
    collateral can pay; the caller caps it.
    """
    missing = target_health_ratio * debt_value - weighted_collateral_value * WAD
    if missing <= 0:
        return 0
    gain = target_health_ratio * WAD - liquidation_threshold_ratio * (WAD + liquidation_bonus_ratio)
    if gain <= 0:
        return None
    return div_up(missing * WAD, gain)


def is_toxic(
    weighted_collateral_value: Value,
    debt_value: Value,
    liquidation_threshold_ratio: Ratio,
    liquidation_bonus_ratio: Ratio,
) -> bool:
    """Return whether a repay out of this collateral, at this bonus, fails to raise the health factor; exact."""
    return weighted_collateral_value * (WAD * WAD) <= debt_value * liquidation_threshold_ratio * (
        WAD + liquidation_bonus_ratio
    )


def recoverable_value(collateral_value: Value, liquidation_bonus_ratio: Ratio) -> Value:
    """Return the debt that collateral repays when all of it is seized at the bonus, rounded down."""
    return mul_div_down(collateral_value, WAD, WAD + liquidation_bonus_ratio)


def leaves_dust(debt_left_value: Value, collateral_left_value: Value, dust_value: Value) -> bool:
    """Return whether a liquidation leaves a residue that nobody would come for.

    It does not where one side is gone, whatever is left of the other, nor where both keep at least `dust_value`.
    """
    if debt_left_value == 0 or collateral_left_value == 0:
        return False
    return debt_left_value < dust_value or collateral_left_value < dust_value
