"""Size a liquidation: out of which collateral, against a market that gives way, now or later, and as a proposal to an engine.

The rule in integers needs nothing; the solvers come with `pip install 'seawall[risk]'`.
"""

from math import sqrt

import numpy as np

from seawall.fixed import WAD
from seawall.risk.healing_sale import healing_sale_f64
from seawall.risk.price_impact import ConstantProductImpact, LinearImpact, SquareRootImpact, TabulatedImpact
from seawall.risk.sale_delay import best_delay, cushion_f64
from seawall.risk.seizure_programs import STILL, Exposures, Seizable, covered_repay, quadratic_repay
from seawall.risk.size_proposal import RepaidDebt, proposed_size
from seawall.rules.several_collaterals import SeizableCollateral, heals, repay_values_to_target

PERCENT = WAD // 100
NAMES = ("ETH", "BTC", "ALT")
VALUES, THRESHOLDS, BONUSES = (6_000, 5_000, 4_000), (83, 78, 65), (5, 6, 10)
SLIPPAGES = (4e-6, 6e-6, 3e-5)
DEBT = 12_400
TARGET_PERCENT = 105


def in_integers() -> None:
    """Print the cheapest repay that reaches the target, as the rule finds it and as it checks any other."""
    collaterals = [
        SeizableCollateral(value * WAD, threshold * PERCENT, bonus * PERCENT)
        for value, threshold, bonus in zip(VALUES, THRESHOLDS, BONUSES, strict=True)
    ]
    weighted_value = sum(held.value * held.liquidation_threshold_ratio for held in collaterals) // WAD
    account = (weighted_value, DEBT * WAD, TARGET_PERCENT * PERCENT, collaterals)
    repay_values = repay_values_to_target(*account)
    assert repay_values is not None
    print(
        "cheapest in integers   ",
        *(f"{name} {value / WAD:.2f}" for name, value in zip(NAMES, repay_values, strict=True)),
    )
    print(
        "reaches the target     ",
        heals(*account, repay_values),
        "- a unit less:",
        heals(*account, [*repay_values[:1], repay_values[1] - 1, 0]),
    )


def by_solvers() -> None:
    """Print what slippage and correlation change, and the first proposal that would go to an engine."""
    collaterals = [
        Seizable(value, threshold / 100, bonus / 100, slippage)
        for value, threshold, bonus, slippage in zip(VALUES, THRESHOLDS, BONUSES, SLIPPAGES, strict=True)
    ]
    with_slippage = quadratic_repay(collaterals, DEBT, TARGET_PERCENT / 100)
    volatilities = np.array([0.8, 0.6, 1.2]) / sqrt(365)
    correlations = np.array([[1.0, 0.75, 0.7], [0.75, 1.0, 0.6], [0.7, 0.6, 1.0]])
    exposures = Exposures(
        (0, 1, 2), ((STILL, 5_000.0), (0, 6_800.0)), 0, np.outer(volatilities, volatilities) * correlations, 2.326
    )
    covered = covered_repay(collaterals, exposures)
    assert with_slippage is not None
    assert covered is not None
    print("with slippage          ", *(f"{name} {value:.0f}" for name, value in zip(NAMES, with_slippage, strict=True)))
    print("covering a bad day     ", *(f"{name} {abs(value):.0f}" for name, value in zip(NAMES, covered, strict=True)))
    size = proposed_size(
        0, b"borrower", RepaidDebt(3, WAD, 10**6, DEBT), list(enumerate(collaterals)), TARGET_PERCENT / 100
    )
    assert size is not None
    print("proposed first         ", f"repay {size.repay_amount / 10**6:.2f} out of {NAMES[size.collateral_market]}")


def against_the_market() -> None:
    """Print the least sale that heals 10,000 of collateral at 83 % against 8,500 of debt, and when to sell."""
    depths = {
        "linear": LinearImpact(1e-5),
        "square root": SquareRootImpact(1e-3),
        "constant product": ConstantProductImpact(1e5, 0.003),
        "measured depth": TabulatedImpact([(2_000.0, 1_990.0), (4_000.0, 3_920.0), (8_000.0, 7_500.0)]),
    }
    for name, impact in depths.items():
        sold_f64 = healing_sale_f64(impact, 10_000.0, 8_500.0, 0.83, 1.05)
        assert sold_f64 is not None
        print(f"{name:<23}", f"sell {sold_f64:.2f}, brings {impact.proceeds_f64(sold_f64):.2f}")
    for ratio in (1.3, 1.1, 1.02):
        delay = best_delay(cushion_f64(ratio, 1.0), 0.8 / sqrt(365), 0.002)
        print(f"cushion {ratio:<15}", f"sell over {delay.time_f64:.3f} days")


if __name__ == "__main__":
    in_integers()
    by_solvers()
    against_the_market()
