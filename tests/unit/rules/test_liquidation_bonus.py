"""Bonus and fee: seize and repay as inverses, the frontier's bonus, the refusal of toxic parameters."""

import pytest

from seawall.fixed import WAD
from seawall.ledger.market import Market, RiskParameters
from seawall.rules.liquidation_bonus import (
    bonus_fee_amount_up,
    line_toxicity_ratio,
    non_toxic_bonus_ratio,
    repay_amount_up,
    seize_amount_down,
    toxic_markets,
)
from seawall.rules.sizing import is_toxic, recoverable_value

PAIR = (99_987_654 * 10**10, 10**6, 200_012_345_678 * 10**10, 10**18, 5 * 10**16)


def test_seize_is_one_division_rounded_down():
    repay = 9_756_481_515
    exact = repay * PAIR[0] * 10**18 * 105
    assert seize_amount_down(repay, *PAIR) == exact // (PAIR[2] * 10**6 * 100)
    assert seize_amount_down(0, *PAIR) == 0


def test_repay_for_a_capped_seize_is_the_least_that_seizes_it():
    seize = 5_096_817_603_596_608_930
    repay = repay_amount_up(seize, *PAIR)
    assert seize_amount_down(repay, *PAIR) >= seize > seize_amount_down(repay - 1, *PAIR)


@pytest.mark.parametrize(
    ("seize", "bonus", "fee", "expected"),
    [
        (105_000, 5 * 10**16, 10**17, 500),
        (105_001, 5 * 10**16, 10**17, 501),
        (105_000, 5 * 10**16, WAD, 5_000),
        (105_000, 0, 10**17, 0),
        (105_000, 5 * 10**16, 0, 0),
    ],
)
def test_fee_is_a_part_of_the_bonus_rounded_up(seize, bonus, fee, expected):
    assert bonus_fee_amount_up(seize, bonus, fee) == expected


@pytest.mark.parametrize(
    ("health", "expected"),
    [(0.999, 0.20361446), (0.95, 0.14457831), (0.90, 0.08433735), (0.85, 0.02409639)],
)
def test_the_largest_non_toxic_bonus_is_the_published_one(health, expected):
    got = non_toxic_bonus_ratio(WAD, round(health * 1_000) * 10**15 * 1_000, 1_000 * WAD, 83 * 10**16)
    assert got == pytest.approx(expected * WAD, abs=5e-9 * WAD)


@pytest.mark.parametrize(("collateral", "expected"), [(10_000, 0.17647059), (8_800, 0.03529412)])
def test_the_largest_non_toxic_bonus_of_the_worked_cases(collateral, expected):
    got = non_toxic_bonus_ratio(WAD, collateral * 83 * 10**16, 8_500 * WAD, 83 * 10**16)
    assert got == pytest.approx(expected * WAD, abs=5e-9 * WAD)


def test_the_bonus_is_capped_just_below_the_frontier():
    weighted, debt, threshold = 7_304 * WAD, 8_500 * WAD, 83 * 10**16
    capped = non_toxic_bonus_ratio(5 * 10**16, weighted, debt, threshold)
    assert capped is not None
    assert not is_toxic(weighted, debt, threshold, capped)
    assert is_toxic(weighted, debt, threshold, capped + 1)
    assert non_toxic_bonus_ratio(10**16, weighted, debt, threshold) == 10**16


@pytest.mark.parametrize(("weighted", "expected"), [(831, 10**15), (830, None), (829, None)])
def test_no_bonus_is_safe_at_or_below_the_threshold(weighted, expected):
    got = non_toxic_bonus_ratio(10**15, weighted * WAD, 1_000 * WAD, 83 * 10**16)
    assert got == expected


def test_collateral_without_weight_is_never_toxic():
    assert non_toxic_bonus_ratio(10**17, 5, 1_000, 0) == 10**17
    assert not is_toxic(5, 1_000, 0, 10**17)


def test_a_leveraged_loop_leaves_bad_debt_after_the_published_fall():
    # 12 of collateral, 11 of debt, bonus .01: bad debt from a fall of 7.4167 %
    for fall, covered in ((0.074166, True), (0.074167, False)):
        assert (recoverable_value(round(12 * (1 - fall) * 10**9) * 10**9, 10**16) >= 11 * WAD) is covered


def market(symbol: str, threshold: int, bonus: int, categories: dict[int, RiskParameters] | None = None) -> Market:
    return Market(symbol, 0, 0, RiskParameters(0, threshold, bonus), categories or {})


def test_parameters_are_toxic_from_one_upwards():
    # .8 * 1.25 is exactly one
    assert line_toxicity_ratio(RiskParameters(0, 8 * 10**17, 25 * 10**16)) == WAD
    below, at, above = (market("M", 8 * 10**17, 25 * 10**16 + step) for step in (-2, 0, 2))
    assert toxic_markets([below]) == ()
    assert toxic_markets([at]) == (("M", 0, WAD),)
    assert toxic_markets([above]) == (("M", 0, WAD + 2),)


def test_categories_are_checked_in_order():
    loop = RiskParameters(0, 98 * 10**16, 3 * 10**16)
    fine = RiskParameters(0, 93 * 10**16, 10**16)
    markets = [
        market("SAFE", 8 * 10**17, 5 * 10**16, {1: fine}),
        market("LOOP", 8 * 10**17, 10**17, {7: loop, 2: loop}),
    ]
    assert toxic_markets(markets) == (("LOOP", 2, 1_009_400 * 10**12), ("LOOP", 7, 1_009_400 * 10**12))
