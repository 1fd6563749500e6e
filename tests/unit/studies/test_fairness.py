import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.studies.fairness import gini_f64, worst_haircut_f64

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
