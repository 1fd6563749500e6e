"""Several collaterals: the target is reached at least cost, within the debt and within what each collateral pays."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from seawall.fixed import WAD, mul_div_down, mul_div_up
from seawall.rules.several_collaterals import SeizableCollateral, heals, repay_values_to_target

PERCENT = WAD // 100
TARGET = 105 * PERCENT
THREE = [
    SeizableCollateral(6_000 * WAD, 83 * PERCENT, 5 * PERCENT),
    SeizableCollateral(5_000 * WAD, 78 * PERCENT, 6 * PERCENT),
    SeizableCollateral(4_000 * WAD, 65 * PERCENT, 10 * PERCENT),
]


def weighted(collaterals):
    return sum(held.value * held.liquidation_threshold_ratio for held in collaterals) // WAD


def cost(collaterals, repay_values):
    return sum(held.liquidation_bonus_ratio * value for held, value in zip(collaterals, repay_values, strict=True))


def test_collaterals_are_taken_by_their_bonus_for_each_unit_of_gain():
    repay_values = repay_values_to_target(weighted(THREE), 12_400 * WAD, TARGET, THREE)
    assert repay_values is not None
    assert repay_values[1] == 5_000 * WAD * 100 // 106
    assert repay_values[2] == 0
    assert abs(repay_values[0] / WAD - 2_729.242640) < 1e-6
    assert abs(cost(THREE, repay_values) / WAD**2 - 419.480999954) < 1e-8


def test_the_target_is_reached_and_one_unit_less_would_not_reach_it():
    debt_value, weighted_value = 12_400 * WAD, weighted(THREE)
    repay_values = repay_values_to_target(weighted_value, debt_value, TARGET, THREE)
    assert repay_values is not None
    assert heals(weighted_value, debt_value, TARGET, THREE, repay_values)
    assert not heals(weighted_value, debt_value, TARGET, THREE, [repay_values[0] - 1, *repay_values[1:]])


def test_at_the_target_nothing_is_repaid():
    assert repay_values_to_target(105 * WAD, 100 * WAD, TARGET, THREE) == [0, 0, 0]


def test_a_toxic_collateral_is_left():
    toxic = SeizableCollateral(10**6 * WAD, 98 * PERCENT, 8 * PERCENT)
    sound = SeizableCollateral(1_000 * WAD, 50 * PERCENT, 10 * PERCENT)
    repay_values = repay_values_to_target(99 * WAD, 100 * WAD, TARGET, [toxic, sound])
    assert repay_values is not None
    assert repay_values[0] == 0
    assert repay_values_to_target(99 * WAD, 100 * WAD, TARGET, [toxic]) is None


def test_where_the_cheapest_exceeds_the_debt_more_gain_comes_first():
    cheap = SeizableCollateral(1_000 * WAD, 100 * PERCENT, 0)
    strong = SeizableCollateral(1_000 * WAD, 10 * PERCENT, 5 * PERCENT)
    repay_values = repay_values_to_target(50 * WAD, 100 * WAD, TARGET, [cheap, strong])
    assert repay_values is not None
    assert sum(repay_values) <= 100 * WAD
    assert repay_values[1] > 0


def test_what_no_repay_within_the_debt_reaches_is_none():
    poor = SeizableCollateral(10 * WAD, 80 * PERCENT, 5 * PERCENT)
    assert repay_values_to_target(8 * WAD, 100 * WAD, TARGET, [poor]) is None


@pytest.mark.parametrize(
    "changed", [[-1, 0, 0], [0, 0, 0], [6_000 * WAD, 0, 0], [5_000 * WAD, 4_700 * WAD, 3_600 * WAD]]
)
def test_a_proposal_that_does_not_heal_or_cannot_be_paid_is_none(changed):
    assert not heals(weighted(THREE), 12_400 * WAD, TARGET, THREE, changed)


SMALL = 100 * WAD


def taken(*collaterals, debt=10_000, missing=SMALL):
    """What is repaid out of each, where so much weighted collateral is missing to the target."""
    debt_value = debt * WAD
    return repay_values_to_target(mul_div_up(TARGET, debt_value, WAD) - missing, debt_value, TARGET, list(collaterals))


@pytest.mark.parametrize(("weaker", "stronger"), [((90, 0), (50, 0)), ((60, 0), (59, 0))])
def test_of_equal_costs_the_greater_gain_comes_first(weaker, stronger):
    first, second = (SeizableCollateral(SMALL * 99, t * PERCENT, b * PERCENT) for t, b in (weaker, stronger))
    assert taken(first, second)[0] == 0
    assert taken(second, first)[1] == 0


def test_of_equals_the_first_comes_first():
    same = SeizableCollateral(SMALL * 99, 50 * PERCENT, 10 * PERCENT)
    repaid = taken(same, same)
    assert repaid[0] > 0
    assert repaid[1] == 0


def test_of_equal_gains_the_lower_bonus_comes_first_where_the_debt_is_scarce():
    # Both gain 0.525 a unit; the cheaper choice, which gains little, would need more than the debt.
    weak = SeizableCollateral(10**6 * WAD, 100 * PERCENT, 0)
    low = SeizableCollateral(SMALL, 525 * PERCENT // 10, 0)
    high = SeizableCollateral(10**6 * WAD, 4375 * PERCENT // 100, 20 * PERCENT)
    for order in ((weak, low, high), (weak, high, low)):
        repaid = taken(*order, debt=1_000, missing=300 * WAD)
        assert repaid[order.index(low)] == SMALL
        assert repaid[order.index(high)] > 0
    # The rest is what is missing after the first: exactly so much, rounded up.
    assert repaid[1] == -(-(300 * WAD - mul_div_down(SMALL, 525, 1_000)) * 1_000 // 525)


@pytest.mark.parametrize(("changed", "is_healed"), [(0, True), (1, False)])
def test_all_that_a_collateral_pays_may_be_repaid_and_no_unit_more(changed, is_healed):
    held = SeizableCollateral(1_000 * WAD, 50 * PERCENT, 25 * PERCENT)
    assert heals(900 * WAD, 1_000 * WAD, WAD, [held], [held.repay_value_max + changed]) == is_healed


@pytest.mark.parametrize(("debt", "is_healed"), [(500 * WAD, True), (500 * WAD - 1, False)])
def test_all_of_the_debt_may_be_repaid_and_no_unit_more(debt, is_healed):
    held = SeizableCollateral(10_000 * WAD, 50 * PERCENT, 25 * PERCENT)
    assert heals(400 * WAD, debt, WAD // 4 * 5, [held], [500 * WAD]) == is_healed


def test_the_whole_debt_may_be_what_reaches_the_target():
    held = SeizableCollateral(10_000 * WAD, 50 * PERCENT, 25 * PERCENT)
    weighted_value = 3_125 * WAD // 10
    assert repay_values_to_target(weighted_value, 500 * WAD, TARGET, [held]) == [500 * WAD]
    assert repay_values_to_target(weighted_value - 1, 500 * WAD, TARGET, [held]) is None


def test_a_collateral_that_gains_nothing_is_left():
    idle = SeizableCollateral(10_000 * WAD, 84 * PERCENT, 25 * PERCENT)
    assert idle.gain(TARGET) == 0
    assert taken(idle) is None


COLLATERALS = st.lists(
    st.builds(
        SeizableCollateral,
        st.integers(1, 10**4).map(lambda value: value * WAD),
        st.integers(10, 90).map(lambda percent: percent * PERCENT),
        st.integers(0, 15).map(lambda percent: percent * PERCENT),
    ),
    min_size=1,
    max_size=6,
)


@given(COLLATERALS, st.integers(900, 1_049))
def test_no_linear_program_does_it_cheaper_without_the_limit_of_the_debt(collaterals, health_permille):
    weighted_value = weighted(collaterals)
    debt_value = weighted_value * 1_000 // health_permille
    repay_values = repay_values_to_target(weighted_value, debt_value, TARGET, collaterals)
    gains = [held.gain(TARGET) / WAD**2 for held in collaterals]
    caps = [held.repay_value_max / WAD for held in collaterals]
    missing = float(Fraction(TARGET * debt_value - weighted_value * WAD, WAD * WAD))
    program = linprog(
        [held.liquidation_bonus_ratio / WAD for held in collaterals],
        A_ub=[[-gain for gain in gains], [1.0] * len(gains)],
        b_ub=[-missing, debt_value / WAD],
        bounds=[(0, cap) for cap in caps],
        method="highs",
    )
    if repay_values is None:
        assert not program.success or missing - sum(max(g, 0) * c for g, c in zip(gains, caps, strict=True)) > -1e-6
        return
    assert heals(weighted_value, debt_value, TARGET, collaterals, repay_values)
    assert program.success
    least = cost(collaterals, repay_values) / WAD**2
    assert least >= program.fun - 1e-6 * max(1.0, program.fun)
    free = linprog(
        [held.liquidation_bonus_ratio / WAD for held in collaterals],
        A_ub=[[-gain for gain in gains]],
        b_ub=[-missing],
        bounds=[(0, cap) for cap in caps],
        method="highs",
    )
    if sum(free.x) < debt_value / WAD * (1 - 1e-9):
        assert least == pytest.approx(program.fun, rel=1e-7, abs=1e-6)
