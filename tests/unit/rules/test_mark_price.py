"""The mark price: a median that no single source moves, a basis that moves by integers, a band around the index."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.fixed import RAY, WAD
from seawall.ledger.deployment import MarkRule
from seawall.rules.mark_price import BestPrices, basis_average_ray, contract_mark_price, median_price

HOUR = 3_600_000
RULE = MarkRule(basis_time_ms=150_000, band_ratio=5 * 10**16, funding_period_ms=8 * HOUR)


def best(bid, ask, last):
    return BestPrices(bid * WAD, ask * WAD, last * WAD)


def mark(index, basis, quotes, funding=0, left=0, rule=RULE):
    return contract_mark_price(index * WAD, basis * RAY, quotes, funding, left, rule)


@pytest.mark.parametrize(
    ("basis", "quotes", "funding", "price"),
    [
        (10, best(1002, 1004, 1003), 0, 1003),
        (2, best(1002, 1004, 1003), 0, 1002),
        (-10, best(1002, 1004, 1003), 0, 1000),
        (10, best(1002, 1004, 1003), 5 * 10**15, 1005),
        (-10, best(980, 985, 2000), -(10**16), 990),
    ],
)
def test_the_price_is_the_middle_of_the_three(basis, quotes, funding, price):
    assert mark(1000, basis, quotes, funding, 8 * HOUR) == price * WAD


def test_funding_counts_by_the_time_that_is_left_to_it():
    assert mark(1000, 100, best(1040, 1040, 1040), 16 * 10**15, 4 * HOUR) == 1040 * WAD
    assert mark(1000, 100, best(1, 1, 1), 16 * 10**15, 4 * HOUR) == 1008 * WAD


@pytest.mark.parametrize("last", [1, 1010, 10**9])
def test_no_print_moves_the_book_beyond_its_bid_and_ask(last):
    assert 1010 * WAD <= mark(1000, 40, best(1010, 1012, last)) <= 1012 * WAD


def test_two_sources_that_agree_on_nonsense_stop_at_the_band():
    assert mark(1000, 900, best(1900, 1901, 1900)) == 1050 * WAD
    assert mark(1000, -900, best(1, 2, 1)) == 950 * WAD
    wide = MarkRule(150_000, 0, 8 * HOUR)
    assert mark(1000, 900, best(1900, 1901, 1900), rule=wide) == 1900 * WAD


def test_the_band_rounds_towards_the_index():
    rule = MarkRule(150_000, WAD // 3, HOUR)
    assert contract_mark_price(10, 0, BestPrices(99, 99, 99), WAD, HOUR, rule) == 13
    assert contract_mark_price(10, 0, BestPrices(1, 1, 1), -WAD, HOUR, rule) == 7


def test_the_average_is_rounded_down_and_carried_with_nine_digits():
    assert basis_average_ray(0, 3, 1, 2) == 10**9
    assert basis_average_ray(0, 1, 1, 2) == 333_333_333
    assert basis_average_ray(0, -1, 1, 2) == -333_333_334
    assert contract_mark_price(100, -1, BestPrices(90, 90, 90), 0, 0, MarkRule(1, 0, 1)) == 99


@given(st.integers(-(10**30), 10**30), st.integers(-(10**21), 10**21), st.integers(0, 10**9), st.integers(1, 10**7))
def test_an_average_moves_towards_its_sample_and_never_past_it(before, basis, elapsed, constant):
    after = basis_average_ray(before, basis, elapsed, constant)
    sample = basis * 10**9
    assert min(before, sample) <= after <= max(before, sample)
    if elapsed == 0:
        assert after == before


@settings(max_examples=50)
@given(st.integers(1, 200), st.integers(1_000, 20_000))
def test_regular_samples_come_within_a_little_of_the_exponential(count, elapsed):
    average = 0
    for _ in range(count):
        average = basis_average_ray(average, WAD, elapsed, 150_000)
    exact = 1 - (1 + elapsed / 150_000) ** -count
    assert abs(average / RAY - exact) < 1e-9
    assert average / RAY <= 1 - math.exp(-count * elapsed / 150_000) + 1e-9


def test_the_median_is_the_middle_in_any_order():
    assert {median_price(*each) for each in [(1, 2, 3), (3, 1, 2), (2, 3, 1), (3, 2, 1)]} == {2}
