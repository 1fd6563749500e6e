"""Tiers against the documented tables of two exchanges: margins, deductions, liquidation prices in the right tier."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.errors import ConfigError
from seawall.fixed import WAD, mul_div_up
from seawall.ledger.market import MarginTier
from seawall.rules.margin_tiers import (
    check_tiers,
    initial_lines,
    tier_edges,
    tier_lines,
    tiered_liquidation_price,
    tiered_margin_value,
)

UNIT = 10**8
FLOORS = (0, 50_000, 250_000, 10**6, 10**7, 2 * 10**7, 5 * 10**7)
PER_MILLE = (4, 5, 10, 25, 50, 100, 125)
TABLE = tuple(
    MarginTier(floor * WAD, rate * 10**15, rate * 2 * 10**15) for floor, rate in zip(FLOORS, PER_MILLE, strict=True)
)
LINES = tier_lines(TABLE)
FORTY_TIMES = (MarginTier(0, 125 * 10**14), MarginTier(150_000_000 * WAD, 25 * 10**15))


def test_deductions_are_those_of_the_published_table():
    published = [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300]
    assert [line.deduction_value for line in LINES] == [each * WAD for each in published]


@pytest.mark.parametrize(("millions", "margin"), [(100, 1_250_000), (150, 1_875_000), (200, 3_125_000)])
def test_margins_of_the_forty_times_contract_are_the_documented_ones(millions, margin):
    assert tiered_margin_value(millions * 10**6 * WAD, tier_lines(FORTY_TIMES)) == margin * WAD


def liquidation(wallet, size, entry, is_short=False, lines=LINES):
    """The liquidation price of one position with so much in the wallet, to the cent."""
    signed = -size if is_short else size
    found = tiered_liquidation_price(abs(size) * UNIT, UNIT, is_short, lines, (wallet - signed * entry) * WAD, 0)
    return round(found / WAD, 2)


@pytest.mark.parametrize(
    ("wallet", "size", "is_short", "price"),
    [
        (100_000, 30, False, 57_562.39),
        # Entered in the 2.5 % tier, liquidated in the 1 % one: the entry's tier would say 58,141.78.
        (40_000, 17, False, 58_152.11),
        (40_000, 17, True, 61_767.58),
    ],
)
def test_the_liquidation_price_is_the_one_of_the_tier_in_which_it_falls(wallet, size, is_short, price):
    assert liquidation(wallet, size, 60_000, is_short) == price


def test_liquidation_prices_of_an_isolated_position_are_the_documented_ones():
    lines = tier_lines(FORTY_TIMES)
    assert liquidation(50_000, 10, 100_000, lines=lines) == 96_202.53
    assert liquidation(50_000, 10, 100_000, True, lines) == 103_703.70
    two_thirds = tier_lines((MarginTier(0, 125 * 10**14 * 2 // 3),))
    assert liquidation(50_000, 10, 100_000, lines=two_thirds) == 95_798.32


def below(price, balance, is_short, other_equity, other_margin):
    """Whether equity is below margin, in exact integers on a common denominator."""
    worth = (-1 if is_short else 1) * balance * price * WAD
    margin = max(balance * price * line.slope_ratio - line.deduction_value * UNIT * WAD for line in LINES)
    return other_equity * UNIT * WAD + worth < margin + other_margin * UNIT * WAD


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**13), st.booleans(), st.integers(-(10**9), 10**9), st.integers(0, 10**7), st.integers(0, WAD))
def test_the_liquidation_price_is_the_last_one_below_the_line(balance, is_short, equity, margin, dust):
    equity, margin = equity * WAD + dust, margin * WAD
    price = tiered_liquidation_price(balance, UNIT, is_short, LINES, equity, margin)
    if price is None:
        assert not is_short
        assert not below(1, balance, is_short, equity, margin)
        return
    assert price > 0
    assert below(price, balance, is_short, equity, margin)
    safe = price - 1 if is_short else price + 1
    assert safe == 0 or not below(safe, balance, is_short, equity, margin)


@pytest.mark.parametrize("tier", range(1, len(FLOORS)))
def test_the_margin_is_continuous_at_every_floor(tier):
    floor = FLOORS[tier] * WAD
    at_floor = tiered_margin_value(floor, LINES)
    assert at_floor == mul_div_up(floor, LINES[tier].slope_ratio, WAD) - LINES[tier].deduction_value
    assert at_floor == mul_div_up(floor, LINES[tier - 1].slope_ratio, WAD) - LINES[tier - 1].deduction_value
    assert 0 <= at_floor - tiered_margin_value(floor - 1, LINES) <= 1


def test_the_margin_rounds_up_and_edges_are_the_first_price_in_a_tier():
    assert tiered_margin_value(1, LINES) == 1
    assert tier_edges(LINES, 3 * UNIT, UNIT)[0] == -(-50_000 * WAD // 3)


def test_the_initial_margin_has_its_own_lines_and_falls_back_on_the_maintenance_margin():
    assert tiered_margin_value(10**6 * WAD, initial_lines(TABLE)) == 2 * tiered_margin_value(10**6 * WAD, LINES)
    assert initial_lines(FORTY_TIMES) == tier_lines(FORTY_TIMES)


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ((MarginTier(1, 10**16),), "first margin tier begins at 1"),
        ((MarginTier(0, 10**16), MarginTier(0, 10**17)), "margin tier 0 does not rise above 0"),
        ((MarginTier(0, 10**16), MarginTier(5, 10**16)), "margin ratio 10000000000000000 does not rise above"),
        ((MarginTier(0, 0),), "margin ratio 0 is not between"),
        ((MarginTier(0, 10**16), MarginTier(5, WAD)), "margin ratio 1000000000000000000 is not between"),
        ((MarginTier(0, 10**16, 10**16 - 1),), "initial ratio 9999999999999999 is not between 10000000000000000"),
        ((MarginTier(0, 10**16, WAD + 1),), "initial ratio 1000000000000000001 is not between"),
        ((MarginTier(0, 1, 5), MarginTier(1, 2, 4)), "initial ratio 4 falls below 5"),
    ],
)
def test_a_table_that_jumps_or_falls_is_refused(tiers, said):
    with pytest.raises(ConfigError, match=said):
        check_tiers(tiers, "here")


def test_a_table_at_its_bounds_is_taken():
    check_tiers((MarginTier(0, 1, WAD), MarginTier(1, WAD - 1, WAD)), "here")
