"""The window of a ratio line in exact numbers: below it healthy for certain, above it liquidatable for certain."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from seawall.monitor.pair_ratios import can_be_paired, ratio_window
from seawall.monitor.trigger_key import KEY_MAX, KEY_MIN, key_of
from seawall.monitor.trigger_lines import TABLE_COLUMNS

TABLE = np.zeros((1, TABLE_COLUMNS), np.int64)
TABLE[0, -2:] = 0, 1


def margins(q_c, q_d, units, prices):
    """Return the exact margins that prove healthy and liquidatable: prices of collateral (for, against), debt (for, against)."""
    c_for, c_against, d_for, d_against = (Fraction(price) for price in prices)
    healthy = (Fraction(q_c) - Fraction(units[0])) * c_for - (Fraction(q_d) + Fraction(units[1])) * d_against
    below = (Fraction(q_d) - Fraction(units[1])) * d_for - (Fraction(q_c) + Fraction(units[0])) * c_against
    return healthy, below


@pytest.mark.parametrize("seed", range(200))
def test_outside_the_window_the_status_is_certain(seed):
    draw = random.Random(seed)
    ratio = draw.choice([0.0, 1e-18, 1e-4])
    prices = []
    for _ in range(2):
        weight = 10.0 ** draw.uniform(-9, 9)
        prices += [weight * (1 - ratio) * (1 - 2.0**-44), weight * (1 + ratio) * (1 + 2.0**-44)]
    value = 10.0 ** draw.uniform(-9, 3)
    units = draw.choice([0.0, 1.0, 30.0]), draw.choice([0.0, 1.0])
    least = max(units[1] * 2.0**21, value * 2.0**20 / prices[2]) * 10.0 ** draw.uniform(0, 3)
    low, high = ratio_window(TABLE, 0, least, np.array(prices), value)
    assert low <= high
    proven = 0
    for _ in range(400):
        q_d = least * 10.0 ** draw.uniform(0, 24)
        q_c = q_d / (prices[0] / prices[3]) * (1 + draw.choice([-1, 1]) * 10.0 ** draw.uniform(-9, 0.5) * 0.3)
        if not can_be_paired(q_c, q_d, np.array(units), prices[2], value):
            continue
        key = key_of(q_d / q_c)
        healthy, below = margins(q_c, q_d, units, prices)
        proven += key < low or key > high
        assert key >= low or healthy > Fraction(value)
        assert key <= high or below > Fraction(value)
    assert proven > 30


@pytest.mark.parametrize(
    "unknown", [(math.nan, math.nan, 1.0, 1.0), (1.0, 1.0, math.nan, math.nan), (1.0, 1.0, 0.0, 0.0)]
)
def test_the_window_holds_everything_where_a_price_is_unknown_or_a_debt_is_worth_nothing(unknown):
    with np.errstate(divide="ignore", invalid="ignore"):
        assert ratio_window(TABLE, 0, 1e18, np.array(unknown), 1.0) == (KEY_MIN, KEY_MAX)


def test_the_window_holds_everything_where_the_least_debt_is_lost_in_the_slack():
    assert ratio_window(TABLE, 0, 1.0, np.ones(4), 0.6) == (KEY_MIN, KEY_MAX)


@pytest.mark.parametrize(
    ("collateral", "debt", "price", "expected"),
    [
        (2.0**21, 2.0**21, 1.0, True),
        (2.0**21 - 1, 2.0**21, 1.0, False),
        (2.0**21, 2.0**21 - 1, 1.0, False),
        (2.0**21, 2.0**21, 0.49, False),
        (2.0**21, 2.0**21, math.nan, False),
        (0.0, 2.0**21, 1.0, False),
    ],
)
def test_a_balance_that_is_small_beside_its_slack_is_not_paired(collateral, debt, price, expected):
    assert can_be_paired(collateral, debt, np.ones(2), price, 1.0) == expected
