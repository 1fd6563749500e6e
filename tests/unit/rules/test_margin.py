"""Margin: the line itself, and the prices at which an account reaches it."""

from fractions import Fraction

import pytest

from seawall.fixed import WAD
from seawall.rules.margin import (
    HEALTH_FACTOR_MAX,
    equity_value,
    health_factor_ratio,
    is_insolvent,
    liquidation_price,
    margin_deficit_value,
)


@pytest.mark.parametrize(
    ("weighted", "debt", "expected"),
    [
        (8_300 * WAD, 8_500 * WAD, 976_470_588_235_294_117),
        (10**30 - 1, 10**30, WAD - 1),
        (10**30, 10**30, WAD),
        (10**30 + 10**12, 10**30, WAD + 1),
        (0, 1, 0),
        (0, 0, HEALTH_FACTOR_MAX),
        (1, 0, HEALTH_FACTOR_MAX),
    ],
)
def test_health_factor_is_below_one_exactly_below_the_line(weighted, debt, expected):
    got = health_factor_ratio(weighted, debt)
    assert got == expected
    assert (got < WAD) == (weighted < debt)


@pytest.mark.parametrize(
    ("collateral", "debt", "equity", "insolvent"), [(101, 100, 1, False), (100, 100, 0, False), (99, 100, -1, True)]
)
def test_an_account_is_insolvent_where_its_equity_is_negative(collateral, debt, equity, insolvent):
    assert equity_value(collateral, debt) == equity
    assert is_insolvent(collateral, debt) is insolvent


def test_margin_deficit_is_what_the_target_misses():
    assert margin_deficit_value(8_300 * WAD, 8_500 * WAD, 105 * 10**16) == 625 * WAD
    assert margin_deficit_value(8_925 * WAD, 8_500 * WAD, 105 * 10**16) == 0
    assert margin_deficit_value(0, 1, 105 * 10**16) == 2


# one collateral of 10 whole units (18 decimals) at a threshold of 80 %
LONG = {"collateral_amount": 10**19, "debt_amount": 0, "unit": 10**18, "liquidation_threshold_ratio": 8 * 10**17}


@pytest.mark.parametrize(
    ("other_weighted", "other_debt", "expected"),
    [
        (0, 8_000 * WAD, 1_000 * WAD - 1),  # at exactly 1000 the account is healthy
        (0, 8_000 * WAD + 1, 1_000 * WAD),
        (4_000 * WAD, 8_000 * WAD, 500 * WAD - 1),
        (8_000 * WAD, 8_000 * WAD, None),
        (9_000 * WAD, 8_000 * WAD, None),
        (0, 0, None),
    ],
)
def test_a_long_account_becomes_liquidatable_below_its_price(other_weighted, other_debt, expected):
    got = liquidation_price(**LONG, other_weighted_collateral_value=other_weighted, other_debt_value=other_debt)
    assert got == expected


def test_a_short_account_becomes_liquidatable_above_its_price():
    short = {"collateral_amount": 0, "debt_amount": 10**19, "unit": 10**18, "liquidation_threshold_ratio": 0}
    assert liquidation_price(**short, other_weighted_collateral_value=8_000 * WAD, other_debt_value=0) == 800 * WAD + 1
    assert liquidation_price(**short, other_weighted_collateral_value=0, other_debt_value=5) == 1


def test_a_price_that_does_not_move_the_margin_is_no_liquidation_price():
    hedged = {"collateral_amount": 10, "debt_amount": 8, "unit": 1, "liquidation_threshold_ratio": 8 * 10**17}
    assert liquidation_price(**hedged, other_weighted_collateral_value=0, other_debt_value=5) is None


def test_a_leveraged_loop_is_liquidatable_after_the_published_fall():
    # 12 of collateral against 11 of debt, threshold .95: health 1.036364, liquidation at -3.5088 %
    assert health_factor_ratio(12 * 95 * 10**16, 11 * WAD) == 1_036_363_636_363_636_363
    price = liquidation_price(12 * 10**18, 0, 10**18, 95 * 10**16, 0, 11 * WAD)
    assert price is not None
    assert float(1 - Fraction(price, WAD)) == pytest.approx(0.03508771929824561, rel=1e-9)
