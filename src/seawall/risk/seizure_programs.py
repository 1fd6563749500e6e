"""Seizure programs: out of which collaterals to repay, as convex programs over all of them at once.

With y_j repaid out of collateral j, g_j = h* - l_j (1 + b_j), and caps C_j / (1 + b_j):
    linear      least sum b_j y_j                            so that  sum g_j y_j >= h* D - W,  0 <= y_j <= cap_j,  sum y_j <= D
    quadratic   least sum b_j y_j + e_j ((1 + b_j) y_j)^2    the same: e_j is the slippage of selling collateral j
    cone        least sum b_j y_j   so that  the margin that is left >= z sqrt(v' S v),  v the weighted exposures asset by asset
HiGHS solves the linear one, Clarabel the others. An answer is a proposal: in floats, and not yet whole units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cvxpy
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]
STILL: Final = -1


@dataclass(frozen=True, slots=True)
class Seizable:
    """One collateral: its value, threshold and bonus, and the slippage of selling a unit of it, by the unit sold."""

    value_f64: float
    liquidation_threshold_f64: float
    liquidation_bonus_f64: float
    slippage_f64: float = 0.0


@dataclass(frozen=True, slots=True)
class Exposures:
    """What moves together: which asset each collateral and each debt is of, and the covariance of all assets' returns.

    `debts` are values by asset; one in the unit of account, whose price stands still, has the asset `STILL`. The repay goes to
    `repaid_debt`, a place among them. `quantile_f64` is how many standard deviations the margin that is left must cover.
    """

    collateral_assets: tuple[int, ...]
    debts: tuple[tuple[int, float], ...]
    repaid_debt: int
    covariance: Floats
    quantile_f64: float


class _Columns:
    def __init__(self, collaterals: Sequence[Seizable], target_health_f64: float) -> None:
        self.values = np.array([held.value_f64 for held in collaterals])
        self.thresholds = np.array([held.liquidation_threshold_f64 for held in collaterals])
        self.bonuses = np.array([held.liquidation_bonus_f64 for held in collaterals])
        self.slippages = np.array([held.slippage_f64 for held in collaterals])
        self.gains = target_health_f64 - self.thresholds * (1.0 + self.bonuses)
        self.caps = self.values / (1.0 + self.bonuses)


def linear_repay(collaterals: Sequence[Seizable], debt_value_f64: float, target_health_f64: float) -> Floats | None:
    """Return the repay out of each collateral that costs the borrower least bonus, or None where none reaches the target."""
    columns = _Columns(collaterals, target_health_f64)
    missing_f64 = target_health_f64 * debt_value_f64 - float(columns.values @ columns.thresholds)
    found = linprog(
        columns.bonuses,
        A_ub=np.vstack([-columns.gains, np.ones(len(collaterals))]),
        b_ub=[-missing_f64, debt_value_f64],
        bounds=np.column_stack([np.zeros(len(collaterals)), columns.caps]),
        method="highs",
    )
    return found.x if found.success else None


def quadratic_repay(collaterals: Sequence[Seizable], debt_value_f64: float, target_health_f64: float) -> Floats | None:
    """Return the repay out of each collateral that costs least bonus and slippage, or None where none reaches the target."""
    columns = _Columns(collaterals, target_health_f64)
    repaid = cvxpy.Variable(len(collaterals), nonneg=True)
    sold = cvxpy.multiply(1.0 + columns.bonuses, repaid)
    missing_f64 = target_health_f64 * debt_value_f64 - float(columns.values @ columns.thresholds)
    cost = columns.bonuses @ repaid + cvxpy.sum(cvxpy.multiply(columns.slippages, cvxpy.square(sold)))
    return _solved(
        repaid,
        cost,
        [columns.gains @ repaid >= missing_f64, repaid <= columns.caps, cvxpy.sum(repaid) <= debt_value_f64],
    )


def covered_repay(collaterals: Sequence[Seizable], exposures: Exposures) -> Floats | None:
    """Return the repay at least bonus after which the margin covers a fall of so many standard deviations, or None.

    A collateral of a debt's own asset hedges it, and is kept.
    """
    columns = _Columns(collaterals, 1.0)
    repaid = cvxpy.Variable(len(collaterals), nonneg=True)
    left = columns.values - cvxpy.multiply(1.0 + columns.bonuses, repaid)
    width = len(exposures.covariance)
    held = np.zeros((width, len(collaterals)))
    held[list(exposures.collateral_assets), range(len(collaterals))] = columns.thresholds
    owed = np.zeros(width)
    for asset, value_f64 in exposures.debts:
        if asset != STILL:
            owed[asset] += value_f64
    repaid_asset, repaid_value_f64 = exposures.debts[exposures.repaid_debt]
    relief = np.eye(width)[repaid_asset] if repaid_asset != STILL else np.zeros(width)
    exposed = held @ left - owed + relief * cvxpy.sum(repaid)
    margin = columns.thresholds @ left - sum(value for _, value in exposures.debts) + cvxpy.sum(repaid)
    root = np.linalg.cholesky(exposures.covariance)
    risk = exposures.quantile_f64 * cvxpy.norm(root.T @ exposed, 2)
    return _solved(
        repaid,
        columns.bonuses @ repaid,
        [margin >= risk, repaid <= columns.caps, cvxpy.sum(repaid) <= repaid_value_f64],
    )


def _solved(repaid: cvxpy.Variable, cost: cvxpy.Expression, constraints: list[cvxpy.Constraint]) -> Floats | None:
    problem = cvxpy.Problem(cvxpy.Minimize(cost), constraints)
    problem.solve(solver=cvxpy.CLARABEL)
    return repaid.value if problem.status == cvxpy.OPTIMAL else None
