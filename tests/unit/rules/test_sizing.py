"""Sizing: closed forms with published numbers, boundary triples on the frontier and on dust."""

import pytest

from seawall.fixed import WAD
from seawall.rules.sizing import (
    close_factor_repay_amount,
    is_toxic,
    leaves_dust,
    recoverable_value,
    target_health_repay_value,
)


def wad(number: float) -> int:
    return round(number * 10**12) * 10**6


def test_close_factor_rounds_down():
    assert close_factor_repay_amount(101, 5 * 10**17) == 50
    assert close_factor_repay_amount(101, WAD) == 101


def test_target_repay_of_the_worked_case():
    repay = target_health_repay_value(8_300 * WAD, 8_500 * WAD, wad(1.05), wad(0.83), wad(0.05))
    assert repay == pytest.approx(3501.40056022 * WAD, rel=1e-11)
    seize = repay * 105 // 100
    assert seize == pytest.approx(3676.47058824 * WAD, rel=1e-11)
    assert seize - repay == pytest.approx(175.07002801 * WAD, rel=1e-10)
    assert (10_000 * WAD - seize) - (8_500 * WAD - repay) == pytest.approx(1324.92997199 * WAD, rel=1e-11)


@pytest.mark.parametrize(
    ("weighted", "target", "expected"),
    [
        (8_925 * WAD, 1.05, 0),  # at the target
        (9_000 * WAD, 1.05, 0),  # above it
        (8_925 * WAD - 1, 1.05, 6),  # one unit below it: 1 / (1.05 - .8715) rounded up
        (8_300 * WAD, 0.8715, None),  # a target on the frontier is never reached
    ],
)
def test_target_repay_at_its_edges(weighted, target, expected):
    debt = 8_500 * WAD if target > 1 else 10_000 * WAD
    assert target_health_repay_value(weighted, debt, wad(target), wad(0.83), wad(0.05)) == expected


def test_two_step_strategy_first_repays_up_to_health_one():
    # collateral 130, debt 100, threshold .75, bonus .10, close factor .5
    first = target_health_repay_value(wad(97.5), 100 * WAD, WAD, wad(0.75), wad(0.1))
    assert first == pytest.approx(14.285714285714292 * WAD, rel=1e-12)
    second = close_factor_repay_amount(100 * WAD - first, 5 * 10**17)
    assert second == pytest.approx(42.857142857142854 * WAD, rel=1e-12)
    assert (first + second) / 10 == pytest.approx(5.714285714285715 * WAD, rel=1e-12)


def test_two_step_strategy_on_the_published_account():
    price = 1.095299
    collateral = 108_510_000 * price + 17_880_000
    debt = 93_220_000 * price + 506_640
    first = target_health_repay_value(wad(collateral * 0.75), wad(debt), WAD, wad(0.75), wad(0.08))
    assert first / WAD / price == pytest.approx(299_086.38021021057, rel=1e-9)
    assert first / WAD / price == pytest.approx(296_610, rel=0.01)


@pytest.mark.parametrize(
    ("bonus", "frontier"),
    [
        (0.001, 0.9990009990009991),
        (0.01, 0.9900990099009901),
        (0.045, 0.9569377990430623),
        (0.05, 0.9523809523809523),
        (0.08, 0.9259259259259258),
        (0.1, 0.9090909090909091),
        (0.15, 0.8695652173913044),
    ],
)
def test_toxic_exactly_above_the_published_loan_to_value(bonus, frontier):
    # the threshold cancels: W = l*C, so W/D > l(1+b) is C/D > 1+b
    threshold, debt = wad(0.8), 1_000_000 * WAD
    for offset, expected in ((-1e-9, False), (1e-9, True)):
        collateral = round(1_000_000 / (frontier + offset) * 10**6) * 10**12
        weighted = collateral * 8 // 10
        assert is_toxic(weighted, debt, threshold, wad(bonus)) is expected


def test_on_the_frontier_a_repay_changes_nothing_and_counts_as_toxic():
    debt, threshold, bonus = 10_000 * WAD, wad(0.83), wad(0.05)
    line = 8_715 * WAD
    assert is_toxic(line - 1, debt, threshold, bonus)
    assert is_toxic(line, debt, threshold, bonus)
    assert not is_toxic(line + 1, debt, threshold, bonus)


def test_repeated_toxic_halves_walk_the_published_spiral():
    collateral, debt, bonus = WAD, wad(0.97), wad(0.045)
    path = []
    for _ in range(60):
        assert is_toxic(collateral * 8 // 10, debt, wad(0.8), bonus)
        repay = min(close_factor_repay_amount(debt, 5 * 10**17), recoverable_value(collateral, bonus))
        collateral -= repay * 1_045 // 1_000
        debt -= repay
        path.append((collateral / WAD, debt / WAD, debt / collateral if collateral > 1 else None))
        if collateral <= 1:
            break
    expected = [
        (0.493175, 0.485, 0.9834237339686723),
        (0.2397625, 0.2425, 1.0114175486158175),
        (0.11305625, 0.12125, 1.0724749847973902),
    ]
    for got, want in zip(path, expected, strict=False):
        assert got == pytest.approx(want, rel=1e-9)
    assert debt / WAD == pytest.approx(0.013062200956937664, rel=1e-9)


def test_a_full_close_of_the_toxic_case_leaves_the_published_bad_debt():
    # C = 8800, D = 8500, threshold .83, bonus .05
    assert is_toxic(7_304 * WAD, 8_500 * WAD, wad(0.83), wad(0.05))
    assert 8_500 * WAD - recoverable_value(8_800 * WAD, wad(0.05)) == pytest.approx(119.04761905 * WAD, rel=1e-10)


@pytest.mark.parametrize(
    ("debt_left", "collateral_left", "expected"),
    [
        (0, 1, False),
        (1, 0, False),
        (99, 100, True),
        (100, 99, True),
        (100, 100, False),
        (101, 101, False),
        (1, 1, True),
        (0, 0, False),
    ],
)
def test_dust_is_a_residue_below_the_limit_on_either_side(debt_left, collateral_left, expected):
    assert leaves_dust(debt_left, collateral_left, 100) is expected


@pytest.mark.parametrize(("health", "after"), [(0.95, 0.95847953), (0.92, 0.92198068), (0.90, 0.89753086)])
def test_a_bonus_of_one_over_health_is_toxic_below_the_root_of_the_threshold(health, after):
    threshold, debt = wad(0.83), 1_000 * WAD
    bonus = wad(1 / health - 1)
    weighted = wad(health * 1_000)
    repaid = (weighted - threshold * (WAD + bonus) // WAD * 100) / (900 * WAD)
    assert repaid == pytest.approx(after, abs=5e-9)
    assert is_toxic(weighted, debt, threshold, bonus) is (after < health) is (health < 0.91104336)


@pytest.mark.parametrize(("health", "bonus"), [(0.999, 0.14216867), (0.95, 0.02409639)])
def test_the_target_takes_the_whole_close_factor_at_the_published_bonus(health, bonus):
    repay = target_health_repay_value(wad(health * 1_000), 1_000 * WAD, wad(1.05), wad(0.83), wad(bonus))
    assert repay == pytest.approx(500 * WAD, rel=1e-6)


def test_below_some_health_no_bonus_reaches_the_target_within_the_close_factor():
    repay = target_health_repay_value(900 * WAD, 1_000 * WAD, wad(1.05), wad(0.83), 0)
    assert repay > 500 * WAD
