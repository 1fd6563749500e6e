"""Healing sale: the least sale that heals against each impact, none beyond the peak, and none where the peak is too low."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.errors import ConfigError
from seawall.risk.healing_sale import healing_sale_f64, largest_useful_sale_f64
from seawall.risk.price_impact import ConstantProductImpact, LinearImpact, SquareRootImpact, TabulatedImpact

ACCOUNT = {"collateral_value_f64": 10_000.0, "debt_value_f64": 8_500.0, "liquidation_threshold_f64": 0.83,
           "target_health_f64": 1.05}  # fmt: skip


@pytest.mark.parametrize(
    ("impact", "sold"),
    [
        (LinearImpact(1e-5), 3_389.10663517),
        (SquareRootImpact(1e-3), 4_088.71415005),
        (ConstantProductImpact(1e5, 0.003), 3_429.56719998),
    ],
)
def test_the_least_sale_reaches_the_target(impact, sold):
    found = healing_sale_f64(impact, **ACCOUNT)
    assert found == pytest.approx(sold, rel=1e-9)
    health = 0.83 * (10_000 - found) / (8_500 - impact.proceeds_f64(found))
    assert health == pytest.approx(1.05, rel=1e-9)


def test_what_the_pool_pays_is_its_product():
    assert ConstantProductImpact(1e5, 0.003).proceeds_f64(3_429.56719998) == pytest.approx(3_306.22931046, rel=1e-9)


def heals(impact, missing):
    """Whether a sale out of plenty makes up what is missing to the target."""
    return healing_sale_f64(impact, 1e6, 8_500.0, 0.83, 1.05, 1.05 * 8_500.0 - missing - 0.83e6) is not None


@pytest.mark.parametrize(("slope", "is_healed"), [(1.8438e-5, True), (1.8439e-5, False)])
def test_a_linear_impact_above_its_bound_heals_nobody(slope, is_healed):
    assert heals(LinearImpact(slope), 625.0) == is_healed


@pytest.mark.parametrize(("missing", "is_healed"), [(1_430.8222, True), (1_430.8223, False)])
def test_a_square_root_impact_heals_up_to_its_peak(missing, is_healed):
    assert heals(SquareRootImpact(1e-3), missing) == is_healed


def test_more_than_the_account_has_is_not_sold():
    assert healing_sale_f64(LinearImpact(0.0), 1_000.0, 2_000.0, 0.83, 1.05, 1_049.0) is None
    assert healing_sale_f64(LinearImpact(0.0), 1_000.0, 2_000.0, 0.83, 1.05, 1_051.0) is not None


def test_past_the_largest_useful_sale_every_unit_more_makes_it_worse():
    impact = SquareRootImpact(1e-3)
    peak = largest_useful_sale_f64(impact, 1e6, 0.83, 1.05)

    def gained(sold):
        return 1.05 * impact.proceeds_f64(sold) - 0.83 * sold

    assert gained(peak) > gained(peak * 1.001)
    assert gained(peak) > gained(peak * 0.999)


def test_at_the_target_nothing_is_sold():
    assert healing_sale_f64(LinearImpact(1e-5), 10_000.0, 7_904.0, 0.83, 1.05) == 0.0


def test_a_book_of_measured_depth_is_read_between_its_points():
    impact = TabulatedImpact([(100.0, 100.0), (200.0, 190.0), (400.0, 340.0)])
    assert impact.proceeds_f64(150.0) == pytest.approx(145.0)
    assert impact.proceeds_f64(1_000.0) == 340.0
    assert impact.sold_down_to_f64(0.9) == 200.0
    assert impact.sold_down_to_f64(0.91) == 100.0


def test_a_worse_price_for_less_is_passed_over():
    impact = TabulatedImpact([(100.0, 80.0), (200.0, 180.0)])
    assert impact.proceeds_f64(100.0) == pytest.approx(90.0)


@pytest.mark.parametrize("points", [[], [(0.0, 0.0)], [(100.0, 101.0)], [(100.0, 90.0), (90.0, 91.0)],
                                    [(100.0, 90.0), (200.0, 80.0)]])  # fmt: skip
def test_depth_that_does_not_rise_or_pays_more_than_the_price_is_refused(points):
    with pytest.raises(ConfigError, match="depth"):
        TabulatedImpact(points)


@given(st.floats(0.5, 0.9), st.floats(1.01, 1.2), st.floats(0.9, 1.0), st.floats(1e3, 1e7))
def test_no_smaller_sale_heals(threshold, target, health, depth):
    impact = ConstantProductImpact(depth, 0.003)
    debt = threshold * 10_000.0 / health
    found = healing_sale_f64(impact, 10_000.0, debt, threshold, target)
    largest = largest_useful_sale_f64(impact, 10_000.0, threshold, target)
    for part in range(1, 11):
        sold = part / 10 * (largest if found is None else found)
        reached = target * (debt - impact.proceeds_f64(sold)) <= threshold * (10_000.0 - sold)
        assert not reached or (found is not None and part == 10)
