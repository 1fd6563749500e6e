import pytest
from scipy import stats

from seawall.studies.interval import difference, interval, student_t_f64


@pytest.mark.parametrize("freedom", [*range(1, 13), 20, 30, 100, 10_000])
def test_the_quantile_is_students(freedom: int) -> None:
    assert student_t_f64(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-3)


def test_one_value_has_no_interval() -> None:
    found = interval([3.5])
    assert (found.mean_f64, found.half_width_f64) == (3.5, None)
    assert not found.holds_zero
    assert interval([0.0]).holds_zero


def test_an_interval_is_the_textbooks() -> None:
    values = [1.0, 2.0, 4.0, 7.0, 7.5]
    low, high = stats.t.interval(0.95, 4, loc=sum(values) / 5, scale=stats.sem(values))
    found = interval(values)
    assert found.mean_f64 - (found.half_width_f64 or 0) == pytest.approx(low, rel=1e-5)
    assert found.mean_f64 + (found.half_width_f64 or 0) == pytest.approx(high, rel=1e-5)


def test_the_same_against_itself_differs_by_nothing() -> None:
    found = difference([1.0, 5.0, 2.0], [1.0, 5.0, 2.0])
    assert (found.mean_f64, found.half_width_f64) == (0.0, 0.0)
    assert found.holds_zero


def test_a_constant_difference_is_found_and_noise_is_not() -> None:
    assert not difference([1.0, 5.0, 2.0], [0.0, 4.0, 1.0]).holds_zero
    assert difference([1.0, 5.0, 2.0], [2.0, 4.0, 2.0]).holds_zero
