"""Sale delay: the put on the cushion, and the time that costs least."""

from math import log

import pytest

from seawall.risk.sale_delay import best_delay, cushion_f64, expected_bad_debt_f64

YEAR_DAYS = 365.0


def test_the_best_delay_of_a_thin_cushion():
    delay = best_delay(log(1.10), 0.8 / YEAR_DAYS**0.5, 0.002)
    assert delay.time_f64 == pytest.approx(1.34678, abs=1e-5)
    assert delay.slippage_f64 == pytest.approx(0.00148502, abs=1e-8)
    assert delay.bad_debt_f64 == pytest.approx(0.00047961, abs=1e-8)


def test_no_other_time_costs_less():
    volatility = 0.8 / YEAR_DAYS**0.5
    delay = best_delay(log(1.10), volatility, 0.002)
    least = delay.slippage_f64 + delay.bad_debt_f64
    for factor in (0.5, 0.99, 1.01, 2.0):
        time = delay.time_f64 * factor
        assert 0.002 / time + expected_bad_debt_f64(log(1.10), volatility, time) > least


def test_the_thinner_the_cushion_the_sooner():
    times = [best_delay(log(ratio), 0.04, 0.002).time_f64 for ratio in (1.2, 1.1, 1.05, 1.01)]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("ratio", [1.0, 0.9])
def test_whoever_is_insolvent_is_sold_now(ratio):
    delay = best_delay(cushion_f64(ratio, 1.0), 0.04, 0.002)
    assert delay.time_f64 == 0.0
    assert delay.bad_debt_f64 == pytest.approx(1.0 - ratio)


def test_more_time_is_more_bad_debt():
    amounts = [expected_bad_debt_f64(0.1, 0.04, time) for time in (0.0, 0.1, 1.0, 10.0)]
    assert amounts == sorted(amounts)
    assert amounts[0] == 0.0
