"""Seizure programs: the vectors of each program, and the greedy rule as the linear one's twin."""

import numpy as np
import pytest

from seawall.risk.seizure_programs import STILL, Exposures, Seizable, covered_repay, linear_repay, quadratic_repay

THREE = [Seizable(6_000.0, 0.83, 0.05), Seizable(5_000.0, 0.78, 0.06), Seizable(4_000.0, 0.65, 0.10)]


def test_the_linear_program_takes_the_cheapest_gain():
    repaid = linear_repay(THREE, 12_400.0, 1.05)
    assert repaid == pytest.approx([2_729.24264, 4_716.981132, 0.0], abs=1e-5)
    assert 0.05 * repaid[0] + 0.06 * repaid[1] == pytest.approx(419.480999954, abs=1e-8)


def test_slippage_spreads_the_sale():
    slippages = (4e-6, 6e-6, 3e-5)
    collaterals = [
        Seizable(held.value_f64, held.liquidation_threshold_f64, held.liquidation_bonus_f64, slippage)
        for held, slippage in zip(THREE, slippages, strict=True)
    ]
    repaid = quadratic_repay(collaterals, 12_400.0, 1.05)
    assert repaid == pytest.approx([3_490.012773, 3_041.661683, 710.847261], abs=1e-2)


def test_a_collateral_that_hedges_the_debt_is_kept():
    volatilities = np.array([0.8, 0.6, 1.2]) / 365**0.5
    correlations = np.array([[1.0, 0.75, 0.7], [0.75, 1.0, 0.6], [0.7, 0.6, 1.0]])
    exposures = Exposures(
        (0, 1, 2),
        ((STILL, 5_000.0), (0, 6_800.0)),
        0,
        np.outer(volatilities, volatilities) * correlations,
        2.3263478740,
    )
    repaid = covered_repay(THREE, exposures)
    seized = repaid * np.array([1.05, 1.06, 1.10])
    assert seized == pytest.approx([0.0, 901.105, 1_737.459], abs=0.5)
    assert repaid @ [0.05, 0.06, 0.10] == pytest.approx(208.956786, abs=1e-3)


@pytest.mark.parametrize("program", [linear_repay, quadratic_repay])
def test_what_cannot_be_healed_has_no_answer(program):
    assert program([Seizable(10.0, 0.8, 0.05)], 100.0, 1.05) is None
