"""What it costs to say how much is sold: in closed form, and by a linear program over six collaterals.

The peers are the closed form's bare arithmetic, and the solver alone on the same numbers.
"""

import random

import numpy as np
from benchmarks.processor_time import least_seconds
from benchmarks.table import Row
from scipy.optimize import linprog

from seawall.fixed import WAD
from seawall.risk.seizure_programs import Seizable, linear_repay
from seawall.rules.sizing import target_health_repay_value

SIZES = 50_000
SIZES_PER_SECOND_MIN = 300_000.0
PROGRAMS = 50
COLLATERALS = 6
MILLISECONDS_MAX = 2.0
TARGET = 105 * 10**16


def measure() -> list[Row]:
    """Return both rows."""
    return [_closed_form(), _linear_program()]


def _closed_form() -> Row:
    dice = random.Random(1)
    accounts = [
        (debt * dice.randrange(900, 1_000) // 1_000, debt, TARGET, dice.randrange(70, 85) * 10**16, 5 * 10**16)
        for debt in (dice.randrange(10**20, 10**25) for _ in range(SIZES))
    ]

    def size() -> None:
        for account in accounts:
            target_health_repay_value(*account)

    def bare() -> None:
        for weighted, debt, target, threshold, bonus in accounts:
            -(-(target * debt - weighted * WAD) * WAD // (target * WAD - threshold * (WAD + bonus)))

    seconds = least_seconds(size)
    figure = SIZES / seconds
    return Row(
        "target-health size, closed form; of its bare arithmetic", figure, "sizes/s", SIZES_PER_SECOND_MIN,
        seconds / least_seconds(bare), ok=figure >= SIZES_PER_SECOND_MIN,
    )  # fmt: skip


def _linear_program() -> Row:
    collaterals = [
        Seizable(3_000.0 + 500.0 * nth, 0.70 + 0.02 * nth, 0.04 + 0.01 * (nth * 5 % 6)) for nth in range(COLLATERALS)
    ]
    weighted_f64 = sum(held.value_f64 * held.liquidation_threshold_f64 for held in collaterals)
    debt_f64 = 1.02 * weighted_f64
    bonuses = np.array([held.liquidation_bonus_f64 for held in collaterals])
    thresholds = np.array([held.liquidation_threshold_f64 for held in collaterals])
    gains = 1.05 - thresholds * (1.0 + bonuses)
    rows, limits = np.vstack([-gains, np.ones(COLLATERALS)]), [weighted_f64 - 1.05 * debt_f64, debt_f64]
    caps = np.array([held.value_f64 for held in collaterals]) / (1.0 + bonuses)
    bounds = np.column_stack([np.zeros(COLLATERALS), caps])
    assert linear_repay(collaterals, debt_f64, 1.05) is not None

    def propose() -> None:
        for _ in range(PROGRAMS):
            linear_repay(collaterals, debt_f64, 1.05)

    def solve() -> None:
        for _ in range(PROGRAMS):
            linprog(bonuses, A_ub=rows, b_ub=limits, bounds=bounds, method="highs")

    seconds = least_seconds(propose)
    milliseconds = 1e3 * seconds / PROGRAMS
    return Row(
        f"size by a linear program, {COLLATERALS} collaterals; of the solver's call alone", milliseconds, "ms",
        MILLISECONDS_MAX, seconds / least_seconds(solve), ok=milliseconds < MILLISECONDS_MAX,
    )  # fmt: skip
