import pytest

from seawall.fixed import WAD
from seawall.ledger.deployment import OracleRule
from seawall.studies.oracle_choices import (
    CHOICES,
    MINUTE_MS,
    OracleChoice,
    Records,
    averaged,
    middle_of_three,
    usable_marks,
)
from seawall.studies.price_steps import PriceSteps

BY_NAME = {choice.name: choice for choice in CHOICES}


def steps(*points):
    return PriceSteps("it", [(at, price * WAD // 10_000) for at, price in points])


def marks(choice, venue, pool, since=0):
    found = usable_marks(choice, Records(steps(*venue), steps(*pool), since))
    return [(at, price * 10_000 // WAD) for at, price in found]


def test_an_average_is_the_area_under_the_steps_over_its_window():
    found = averaged(PriceSteps("it", [(0, 10), (4, 20), (6, 50), (16, 7)]), 10, 4)
    # At 4: six before the first at 10 and four at 10. At 6: 80 + 40. At 16: 50 alone.
    assert list(zip(found.times, found.prices, strict=True)) == [(4, 10), (6, 12), (16, 50)]


def test_an_average_is_rounded_down():
    assert averaged(PriceSteps("it", [(0, 10), (2, 11), (3, 11)]), 3, 3).prices == [10]


def test_of_two_prices_at_one_moment_an_average_takes_the_later():
    assert averaged(PriceSteps("it", [(0, 10), (5, 90), (5, 20), (10, 1)]), 10, 10).prices == [15]


def test_the_median_speaks_whenever_venue_or_pool_do():
    records = Records(steps((0, 9_000), (10, 8_000), (30, 10_100)), steps((0, 9_900), (20, 7_000), (40, 10_200)), 10)
    found = middle_of_three(records)
    assert found.times == [10, 20, 30, 40]
    assert [price * 10_000 // WAD for price in found.prices] == [9_900, 8_000, 10_000, 10_100]


def test_what_came_before_the_window_is_known_and_sells_nobody():
    assert marks(BY_NAME["venue, last price"], [(0, 5_000), (10, 9_000)], [(0, 10_000)], since=10) == [(10, 9_000)]


@pytest.mark.parametrize(("low", "is_usable"), [(9_499, False), (9_500, True), (9_501, True)])
def test_below_its_bound_a_venue_sells_nobody(low, is_usable):
    found = marks(BY_NAME["venue, not below 0.95"], [(0, 10_000), (1, low)], [(0, 10_000)])
    assert found == [(0, 10_000), (1, low)][: 1 + is_usable]


@pytest.mark.parametrize(("low", "is_usable"), [(9_499, False), (9_500, True)])
def test_a_step_is_refused_once_and_then_it_is_the_price(low, is_usable):
    found = marks(BY_NAME["venue, no step above 5 %"], [(0, 10_000), (1, low), (2, low)], [(0, 10_000)])
    assert found == [(0, 10_000), *[(1, low)] * is_usable, (2, low)]


@pytest.mark.parametrize(("low", "is_usable"), [(9_803, False), (9_804, True)])
def test_a_pool_that_is_too_far_away_contradicts_its_venue(low, is_usable):
    found = marks(BY_NAME["venue, while the pool is within 2 %"], [(1, low)], [(0, 10_000)])
    assert found == [(0, 10_000), *[(1, low)] * is_usable]


def test_the_first_source_makes_the_price_and_the_others_contradict_only():
    found = marks(BY_NAME["venue, while the pool is within 2 %"], [(0, 9_900)], [(0, 10_000), (1, 9_950)])
    assert found == [(0, 9_900), (0, 9_900), (1, 9_900)]


def test_a_stale_price_sells_nobody():
    choice = OracleChoice("old", lambda records: [records.venue, records.pool], OracleRule(price_age_ms_max=5))
    assert marks(choice, [(0, 9_000)], [(5, 9_000), (6, 9_000)]) == [(0, 9_000), (5, 9_000)]


def test_averages_are_of_ten_minutes_and_of_an_hour():
    venue = [(0, 10_000), (60 * MINUTE_MS, 4_000), (70 * MINUTE_MS, 4_000), (120 * MINUTE_MS, 4_000)]
    short = marks(BY_NAME["venue, average of 10 minutes"], venue, [(0, 1)], since=60 * MINUTE_MS)
    long = marks(BY_NAME["venue, average of 1 hour"], venue, [(0, 1)], since=60 * MINUTE_MS)
    assert [price for _, price in short] == [10_000, 4_000, 4_000]
    assert [price for _, price in long] == [10_000, 9_000, 4_000]
