"""Healing sale: the least that is to be sold, against price impact, for an account to reach a target health.

The protocol sells collateral of value s itself and repays what it brings:
    l (C - s) = h* (D - R(s))     hence     g(s) = h* R(s) - l s = h* D - l C
g rises while the marginal unit brings more than l / h* of its price and falls after. So the smaller root is the answer; past the
peak every unit more makes the account worse, and where the peak is too low no sale heals it.
"""

from typing import Final

from scipy.optimize import brentq

from seawall.risk.price_impact import PriceImpact

_ROOT_TOLERANCE_F64: Final = 1e-12


def healing_sale_f64(
    impact: PriceImpact,
    collateral_value_f64: float,
    debt_value_f64: float,
    liquidation_threshold_f64: float,
    target_health_f64: float,
    other_weighted_value_f64: float = 0.0,
) -> float | None:
    """Return the least value of collateral to sell; zero at or above the target, None where no sale reaches it."""
    weighted_f64 = liquidation_threshold_f64 * collateral_value_f64 + other_weighted_value_f64
    missing_f64 = target_health_f64 * debt_value_f64 - weighted_f64
    if missing_f64 <= 0.0:
        return 0.0

    def gained_f64(sold_f64: float) -> float:
        return target_health_f64 * impact.proceeds_f64(sold_f64) - liquidation_threshold_f64 * sold_f64

    largest_f64 = largest_useful_sale_f64(impact, collateral_value_f64, liquidation_threshold_f64, target_health_f64)
    if gained_f64(largest_f64) < missing_f64:
        return None
    return float(
        brentq(lambda sold_f64: gained_f64(sold_f64) - missing_f64, 0.0, largest_f64, rtol=_ROOT_TOLERANCE_F64)
    )


def largest_useful_sale_f64(
    impact: PriceImpact, collateral_value_f64: float, liquidation_threshold_f64: float, target_health_f64: float
) -> float:
    """Return the sale beyond which selling more takes the account away from the target again, at most all of it."""
    peak_f64 = impact.sold_down_to_f64(liquidation_threshold_f64 / target_health_f64)
    return min(collateral_value_f64, peak_f64)
