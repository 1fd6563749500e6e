"""Growing bonus: more the lower and the longer, the same in one piece or in many, and never at the toxic bound."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from seawall.errors import ConfigError
from seawall.fixed import WAD, div_up, mul_div_down, mul_div_up
from seawall.ledger.liquidation_rule import BonusStep, GrowingBonus
from seawall.rules.growing_bonus import (
    Stretch,
    average_bonus_ratio,
    bonus_stretches,
    check_growing_bonus,
    full_bonus_ratio,
    seizing_repay_value,
    target_repay_value,
)
from seawall.rules.sizing import target_health_repay_value

PERCENT = WAD // 100
STEPS = (
    BonusStep(WAD, 2 * PERCENT),
    BonusStep(97 * PERCENT, 5 * PERCENT),
    BonusStep(94 * PERCENT, 8 * PERCENT),
)
BY_HEALTH = GrowingBonus(STEPS)
BY_BOTH = GrowingBonus(STEPS, ratio_per_second=PERCENT // 60, time_ratio_max=3 * PERCENT)
THRESHOLD = 80 * PERCENT
DEBT = 1_000 * WAD


def average(bonus, waited_ms, weighted_value, debt_value, threshold, repay_value):
    stretches = bonus_stretches(bonus, waited_ms, weighted_value, debt_value, threshold)
    return None if stretches is None else average_bonus_ratio(stretches, repay_value)


def bonus_at(health_percent, repay_value=1, bonus=BY_HEALTH, waited_ms=0):
    weighted_value = mul_div_down(DEBT, health_percent * PERCENT, WAD)
    return average(bonus, waited_ms, weighted_value, DEBT, THRESHOLD, repay_value)


@pytest.mark.parametrize(
    ("health", "percent"), [(101, 2), (100, 2), (99, 2), (97, 2), (96.99, 5), (94, 5), (93.99, 8), (90, 8)]
)
def test_the_bonus_is_that_of_the_lowest_step_above(health, percent):
    weighted_value = int(health * 100) * DEBT // 10_000
    assert average(BY_HEALTH, 0, weighted_value, DEBT, THRESHOLD, 1) == percent * PERCENT


@pytest.mark.parametrize(
    ("waited_ms", "added"),
    [(0, 0), (999, 0), (1_000, PERCENT // 60), (59_999, PERCENT // 60 * 59), (180_000, PERCENT // 60 * 180),
     (181_000, 3 * PERCENT), (10**9, 3 * PERCENT)],
)  # fmt: skip
def test_whole_seconds_add_to_it_up_to_a_cap(waited_ms, added):
    assert bonus_at(99, bonus=BY_BOTH, waited_ms=waited_ms) == 2 * PERCENT + added


def test_time_adds_to_lower_steps_too():
    assert bonus_at(96, bonus=BY_BOTH, waited_ms=60_000) == 5 * PERCENT + PERCENT // 60 * 60
    assert bonus_at(93, bonus=BY_BOTH, waited_ms=10**9) == 11 * PERCENT


def test_a_repay_earns_in_each_step_what_that_step_gives():
    # From 0.93: to 0.94 at 8 %, x = (0.94 D - 0.93 D) / (0.94 - 0.8 * 1.08).
    first = div_up(DEBT * PERCENT, 94 * PERCENT - 864 * PERCENT // 10)
    assert bonus_at(93, first) == 8 * PERCENT
    assert bonus_at(93, first + 1) < 8 * PERCENT
    beyond = first + 10 * WAD
    assert bonus_at(93, beyond) == (first * 8 * PERCENT + 10 * WAD * 5 * PERCENT) // beyond


@pytest.mark.parametrize(("health", "percent"), [(87, 8), (86.41, 8), (86.4, 7.9999), (84, 4.9999), (81, 1.2499)])
def test_at_the_toxic_bound_the_bonus_stays_below_it(health, percent):
    ratio = average(BY_HEALTH, 0, int(health * 100) * DEBT // 10_000, DEBT, THRESHOLD, 100 * WAD)
    assert ratio is not None
    assert abs(ratio - int(percent * 10**4) * WAD // 10**6) < WAD // 10**6
    assert int(health * 100) * WAD // 10**4 * WAD > THRESHOLD * (WAD + ratio)


@pytest.mark.parametrize(("health", "is_none"), [(80, True), (79, True), (80.01, False)])
def test_below_the_threshold_no_bonus_cures(health, is_none):
    weighted_value = int(health * 100) * DEBT // 10_000
    assert (average(BY_HEALTH, 0, weighted_value, DEBT, THRESHOLD, 1) is None) == is_none


@given(st.integers(8_100, 9_999), st.integers(1, 100), st.lists(st.integers(1, 100), min_size=1, max_size=8),
       st.integers(0, 400))  # fmt: skip
def test_cutting_a_repay_changes_what_it_seizes_by_roundings_only(health, part, cuts, waited_seconds):
    weighted_value, debt_value = health * DEBT // 10_000, DEBT
    waited_ms = waited_seconds * 1_000
    repay_value = DEBT * part // 100

    def seize(value, weighted, debt):
        ratio = average(BY_BOTH, waited_ms, weighted, debt, THRESHOLD, value)
        assert ratio is not None
        return mul_div_down(value, WAD + ratio, WAD)

    whole_value = seize(repay_value, weighted_value, debt_value)
    assume(mul_div_up(whole_value, THRESHOLD, WAD) < weighted_value)
    cut_value, left_value = 0, repay_value
    for cut in [*cuts, None]:
        piece = left_value if cut is None else min(left_value, repay_value * cut // sum(cuts))
        seized = seize(piece, weighted_value, debt_value)
        cut_value += seized
        weighted_value -= mul_div_up(seized, THRESHOLD, WAD)
        debt_value -= piece
        left_value -= piece
        if left_value == 0:
            break
    # One unit of ratio is lost a piece and moves health, hence an edge, by as much.
    assert abs(cut_value - whole_value) <= 10**6 * (len(cuts) + 1)


@pytest.mark.parametrize(
    ("bonus", "fact"),
    [
        (GrowingBonus(()), "has no step"),
        (GrowingBonus((STEPS[0], BonusStep(WAD, 5 * PERCENT))), "is not below the one before"),
        (GrowingBonus((STEPS[0], BonusStep(97 * PERCENT, 2 * PERCENT))), "is not above"),
        (GrowingBonus(STEPS, ratio_per_second=1), "go together"),
        (GrowingBonus(STEPS, time_ratio_max=1), "go together"),
    ],
)
def test_a_bonus_that_does_not_grow_is_refused(bonus, fact):
    with pytest.raises(ConfigError, match=fact) as caught:
        check_growing_bonus(bonus, "in market WETH")
    assert "in market WETH" in str(caught.value)


def test_steps_that_grow_are_accepted():
    check_growing_bonus(BY_BOTH, "in market WETH")


@pytest.mark.parametrize("health", [90, 93, 96, 99])
def test_the_target_is_reached_and_no_earlier(health):
    weighted_value, target = DEBT * health // 100, 105 * PERCENT
    stretches = bonus_stretches(BY_BOTH, 60_000, weighted_value, DEBT, THRESHOLD)
    repay_value = target_repay_value(stretches, weighted_value, DEBT, target, THRESHOLD)

    def health_after(value):
        seized = sum(
            min(max(value - before, 0), length or value) * (WAD + ratio)
            for before, (length, ratio) in zip(starts(stretches), stretches, strict=True)
        )
        return (weighted_value * WAD - seized * THRESHOLD // WAD) / ((DEBT - value) * WAD)

    assert health_after(repay_value) == pytest.approx(1.05, abs=1e-15)
    assert health_after(repay_value - 10**10) < 1.05


def starts(stretches):
    at = 0
    for length, _ in stretches:
        yield at
        at += length or 0


@pytest.mark.parametrize(("health", "bonus_percent"), [(99, 5), (97, 8), (90, 3)])
def test_one_stretch_is_the_closed_form(health, bonus_percent):
    weighted_value, bonus_ratio = DEBT * health // 100 + 7, bonus_percent * PERCENT
    found = target_repay_value((Stretch(None, bonus_ratio),), weighted_value, DEBT, 105 * PERCENT, THRESHOLD)
    assert found == target_health_repay_value(weighted_value, DEBT, 105 * PERCENT, THRESHOLD, bonus_ratio)


def test_a_target_that_no_partial_repay_reaches_has_none():
    assert target_repay_value((Stretch(None, 25 * PERCENT),), DEBT, DEBT, WAD, THRESHOLD) is None
    assert target_repay_value((Stretch(None, 25 * PERCENT),), DEBT, DEBT, WAD + 1, THRESHOLD) is not None


@pytest.mark.parametrize("seize_value", [0, 1, 10 * WAD, 107 * WAD, 108 * WAD, 108 * WAD + 1, 400 * WAD])
def test_a_seize_is_reached_by_the_least_repay(seize_value):
    stretches = (Stretch(100 * WAD, 8 * PERCENT), Stretch(100 * WAD, 5 * PERCENT), Stretch(None, 2 * PERCENT))

    def seized_value(value):
        return mul_div_down(value, WAD + average_bonus_ratio(stretches, value), WAD)

    found = seizing_repay_value(stretches, seize_value)
    assert abs(seized_value(found) - seize_value) <= found // WAD + 2
    if seize_value == 108 * WAD:
        assert found == 100 * WAD
    if seize_value == 400 * WAD:
        assert found == 200 * WAD + (400 * WAD - 213 * WAD) * 100 // 102 + 1


def test_the_full_bonus_is_the_steps_and_the_times():
    assert full_bonus_ratio(BY_BOTH, 60_000, DEBT * 95 // 100, DEBT) == 5 * PERCENT + PERCENT // 60 * 60
