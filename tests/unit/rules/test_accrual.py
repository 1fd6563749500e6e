"""Growth of indices: hand-derived values at the boundaries of each series."""

from math import expm1

import pytest

from seawall.fixed import RAY, SECONDS_PER_YEAR, WAD
from seawall.rules.accrual import (
    binomial_growth,
    linear_growth,
    simple_index_down,
    simple_interest_ratio,
    taylor_growth,
    taylor_interest_ratio,
)

FIVE_PERCENT = 5 * 10**25


@pytest.mark.parametrize("growth", [linear_growth, binomial_growth, taylor_growth])
def test_no_time_and_no_rate_leave_an_index_where_it_is(growth):
    assert growth(FIVE_PERCENT, 0) == RAY
    assert growth(0, SECONDS_PER_YEAR) == RAY


@pytest.mark.parametrize(
    ("growth", "expected"),
    [
        (linear_growth, 1_050_000_000_000_000_000_000_000_000),
        # 1 + .05 + .00125 + .000125/6: the last term is 20833333333333333333333.3
        (taylor_growth, 1_051_270_833_333_333_333_333_333_333),
    ],
)
def test_a_year_at_five_percent(growth, expected):
    assert growth(FIVE_PERCENT, SECONDS_PER_YEAR) == expected


def test_binomial_has_no_square_in_the_first_second_and_no_cube_in_the_second():
    rate = RAY
    first = RAY // SECONDS_PER_YEAR
    square = RAY // SECONDS_PER_YEAR**2
    assert binomial_growth(rate, 1) == RAY + first
    assert binomial_growth(rate, 2) == RAY + 2 * RAY // SECONDS_PER_YEAR + square
    cube = square // SECONDS_PER_YEAR
    assert binomial_growth(rate, 3) == RAY + 3 * RAY // SECONDS_PER_YEAR + 3 * square + cube


# binomial keeps (r/Y)^3 in whole RAY units, here 3.96 of which it keeps 3: most of its error is that
@pytest.mark.parametrize(("growth", "error"), [(binomial_growth, 2e-4), (taylor_growth, 1e-9)])
def test_both_compounded_series_are_the_exponential_to_its_third_term(growth, error):
    x = 0.05
    series = x + x**2 / 2 + x**3 / 6
    got = (growth(FIVE_PERCENT, SECONDS_PER_YEAR) - RAY) / RAY
    assert got == pytest.approx(series, rel=error)
    assert got < expm1(x)


def test_taylor_interest_rounds_every_term_down():
    # a = 1.5e18: a^2/2 = 1.125e18, a^3/6 = 0.5625e18
    assert taylor_interest_ratio(WAD + WAD // 2, 1) == WAD + WAD // 2 + 1_125 * 10**15 + 5_625 * 10**14
    # a = 2e9 + 1: a^2 / 2e18 = 2.000000002 and a bit, the third term is nothing
    assert taylor_interest_ratio(2 * 10**9 + 1, 1) == 2 * 10**9 + 1 + 2
    assert taylor_interest_ratio(10**9, 2) == taylor_interest_ratio(2 * 10**9, 1)


def test_simple_interest_moves_an_index_down_to_the_unit():
    ratio = simple_interest_ratio(3, 7)
    assert ratio == 21
    index = WAD * 10**9
    assert simple_index_down(index, ratio) == index + 21 * 10**9
    assert simple_index_down(WAD - 1, ratio) == WAD - 1 + 20
