"""Sale delay: now, or later, when more depth has come back.

Nothing is sold for a time T. The bad debt that is expected then, for each unit of debt, is a put on the cushion c = ln(C / D):
    BD(T) = N(-d2) - e^c N(-d1)      d1 = (c + s^2 T / 2) / (s sqrt T),  d2 = d1 - s sqrt T
Selling over T costs a slippage of q / T for each unit of debt. The best T makes q / T + BD(T) least; it falls to zero with the
cushion, so an account that is nearly insolvent is always sold now. Times are years or whatever s and q are in.
"""

from math import exp, log, sqrt
from statistics import NormalDist
from typing import Final, NamedTuple

from scipy.optimize import minimize_scalar

_NORMAL: Final = NormalDist()
_LOG_TIME_BOUNDS: Final = (-20.0, 8.0)


class Delay(NamedTuple):
    """A time to sell over, and what it costs for each unit of debt."""

    time_f64: float
    slippage_f64: float
    bad_debt_f64: float


def expected_bad_debt_f64(cushion_f64: float, volatility_f64: float, time_f64: float) -> float:
    """Return the expected bad debt, for each unit of debt, of an account that is left alone for a time."""
    if time_f64 == 0.0:
        return max(0.0, 1.0 - exp(cushion_f64))
    spread_f64 = volatility_f64 * sqrt(time_f64)
    upper_f64 = (cushion_f64 + spread_f64**2 / 2.0) / spread_f64
    return max(0.0, _NORMAL.cdf(spread_f64 - upper_f64) - exp(cushion_f64) * _NORMAL.cdf(-upper_f64))


def best_delay(cushion_f64: float, volatility_f64: float, slippage_time_f64: float) -> Delay:
    """Return the time to sell over that costs least; `slippage_time_f64` is q, the slippage times the time."""
    if cushion_f64 <= 0.0:
        return Delay(0.0, 0.0, expected_bad_debt_f64(cushion_f64, volatility_f64, 0.0))

    def cost_f64(log_time_f64: float) -> float:
        time_f64 = exp(log_time_f64)
        return slippage_time_f64 / time_f64 + expected_bad_debt_f64(cushion_f64, volatility_f64, time_f64)

    best = minimize_scalar(cost_f64, bounds=_LOG_TIME_BOUNDS, method="bounded", options={"xatol": 1e-10})
    time_f64 = exp(best.x)
    return Delay(time_f64, slippage_time_f64 / time_f64, expected_bad_debt_f64(cushion_f64, volatility_f64, time_f64))


def cushion_f64(collateral_value_f64: float, debt_value_f64: float) -> float:
    """Return ln(C / D)."""
    return log(collateral_value_f64 / debt_value_f64)
