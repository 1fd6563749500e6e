import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.rules.short_winners import LOSS, WINNERS, closed

from seawall.fixed import WAD
from seawall.rules.auto_deleveraging import deleveraging_by
from seawall.rules.capped_pro_rata import capped_pro_rata_shares
from seawall.rules.pro_rata import pro_rata_shares
from seawall.rules.winner import profit_value
from seawall.studies.fairness import concentration_f64, gini_f64, profit_haircuts_f64, worst_haircut_f64

PAIRS = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 100)), min_size=1, max_size=8)


def test_the_same_share_of_everybody_is_fair() -> None:
    assert gini_f64([(1, 0.1), (5, 0.1), (100, 0.1)]) == pytest.approx(0.0, abs=1e-12)


def test_nothing_taken_is_fair_and_nobody_is_fair() -> None:
    assert gini_f64([(1, 0.0), (2, 0.0)]) == 0.0
    assert gini_f64([]) == 0.0


def test_one_of_four_equals_bears_all() -> None:
    assert gini_f64([(1, 0.0), (1, 0.0), (1, 0.0), (1, 0.5)]) == pytest.approx(0.75)


def test_a_split_worked_by_hand() -> None:
    # Equal weights, haircuts 1 and 3: the mean absolute difference is 1, the mean 2, so the coefficient 1 / (2 * 2).
    assert gini_f64([(1, 1), (1, 3)]) == pytest.approx(0.25)


@given(PAIRS)
def test_it_is_the_mean_absolute_difference_over_twice_the_mean(pairs: list[tuple[int, int]]) -> None:
    total = sum(weight for weight, _ in pairs)
    mean = sum(weight * haircut for weight, haircut in pairs) / total
    apart = sum(w * v * abs(h - g) for w, h in pairs for v, g in pairs) / total**2
    assert gini_f64(pairs) == pytest.approx(apart / (2 * mean) if mean else 0.0, abs=1e-9)


@given(PAIRS, st.integers(2, 5))
def test_to_cut_a_holding_in_parts_changes_nothing(pairs: list[tuple[int, int]], parts: int) -> None:
    cut = [(weight / parts, haircut) for weight, haircut in pairs for _ in range(parts)]
    assert gini_f64(cut) == pytest.approx(gini_f64(pairs), abs=1e-9)


def test_the_worst_is_of_those_who_had_something() -> None:
    assert worst_haircut_f64([(1, 0.2), (0, 0.9), (3, 0.1)]) == 0.2
    assert worst_haircut_f64([]) == 0.0


BALANCES = [winner.balance for winner in WINNERS]
PROFITS = [profit_value(winner, LOSS) // WAD for winner in WINNERS]
LEVERAGES = (889, 1_600, 9_412, 1_455, 296)
POLICIES = {
    "queue of bitmex": closed(deleveraging_by("bitmex_queue@1", LOSS, WINNERS).cuts),
    "queue of binance": closed(deleveraging_by("binance_queue@1", LOSS, WINNERS).cuts),
    "queue of hyperliquid": closed(deleveraging_by("hyperliquid_queue@1", LOSS, WINNERS).cuts),
    "queue by profit": (600, 0, 0, 0, 0),
    "pro rata to contracts": pro_rata_shares(600, BALANCES),
    "pro rata to profit": closed(deleveraging_by("exact_budget@1", LOSS, WINNERS).cuts),
    "leverage squared": capped_pro_rata_shares(
        600, [leverage**2 * gain for leverage, gain in zip(LEVERAGES, PROFITS, strict=True)], BALANCES
    ),
}


@pytest.mark.parametrize(
    ("policy", "worst", "hit", "whole", "concentration"),
    [
        ("queue of bitmex", 1.0, 3, 2, 0.389),
        ("queue of binance", 1.0, 3, 2, 0.389),
        ("queue of hyperliquid", 1.0, 3, 2, 0.389),
        ("queue by profit", 0.08, 1, 0, 1.0),
        ("pro rata to contracts", 0.299, 5, 0, 0.342),
        ("pro rata to profit", 0.055, 5, 0, 0.491),
        ("leverage squared", 1.0, 4, 1, 0.265),
    ],
)
def test_policies_measure_as_documented(policy, worst, hit, whole, concentration):
    """In whole contracts: the last unit makes 5.33 % of W3's profit 5.5 %, and 0.4 contracts of W5 none."""
    amounts = POLICIES[policy]
    assert worst_haircut_f64(profit_haircuts_f64([4 * amount for amount in amounts], PROFITS)) == pytest.approx(
        worst, abs=0.0015
    )
    assert sum(amount > 0 for amount in amounts) == hit
    assert sum(amount == size for amount, size in zip(amounts, BALANCES, strict=True)) == whole
    assert concentration_f64(amounts) == pytest.approx(concentration, abs=0.0012)


def test_in_fine_units_pro_rata_takes_the_same_of_everybody():
    fine = pro_rata_shares(600 * 10**9, PROFITS)
    haircuts = profit_haircuts_f64([4 * amount for amount in fine], [profit * 10**9 for profit in PROFITS])
    assert [haircut for _, haircut in haircuts] == pytest.approx([0.05333] * 5, abs=1e-5)
    assert gini_f64(haircuts) == pytest.approx(0, abs=1e-9)
    assert concentration_f64(fine) == pytest.approx(0.491, abs=0.0005)
    contracts = [4 * 600 * size / sum(BALANCES) / profit for size, profit in zip(BALANCES, PROFITS, strict=True)]
    assert max(contracts) == pytest.approx(0.2985, abs=1e-4)


def test_a_winner_without_profit_has_no_haircut_and_nothing_closed_no_concentration() -> None:
    assert profit_haircuts_f64([1, 0, 5], [4, 0, -2]) == [(4.0, 0.25)]
    assert concentration_f64([]) == concentration_f64([0, 0]) == 0
