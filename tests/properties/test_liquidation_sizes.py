"""Properties of sizing and bonus over the whole range of amounts."""

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.rules.liquidation_bonus import (
    bonus_fee_amount_up,
    non_toxic_bonus_ratio,
    repay_amount_up,
    seize_amount_down,
)
from seawall.rules.margin import health_factor_ratio, liquidation_price, margin_deficit_value
from seawall.rules.sizing import is_toxic, recoverable_value, target_health_repay_value

values = st.integers(1, 10**30)
thresholds = st.integers(1, WAD - 1)
bonuses = st.integers(0, 3 * 10**17)
targets = st.integers(WAD, 13 * 10**17)
prices = st.integers(1, 10**26)
units = st.sampled_from([10**2, 10**6, 10**8, 10**18])


@given(values, st.integers(9 * 10**17, WAD), targets, st.integers(10**17, 85 * 10**16), st.integers(0, 5 * 10**16))
def test_the_target_is_reached_by_the_repay_and_by_no_smaller_one(debt, health, target, threshold, bonus):
    weighted = debt * health // WAD
    repay = target_health_repay_value(weighted, debt, target, threshold, bonus)
    assume(repay is not None and 0 < repay < debt)
    weight = Fraction(threshold * (WAD + bonus), WAD * WAD)
    health = (weighted - weight * repay) / (debt - repay)
    assert health >= Fraction(target, WAD)
    assert (weighted - weight * (repay - 1)) / (debt - repay + 1) < Fraction(target, WAD)
    assert margin_deficit_value(weighted, debt, target) > 0


@given(values, values, thresholds, bonuses, st.integers(1, 99))
def test_a_repay_raises_health_exactly_where_it_is_not_toxic(collateral, debt, threshold, bonus, percent):
    weighted = collateral * threshold // WAD
    repay = Fraction(debt * percent, 100)
    after = (weighted - Fraction(threshold * (WAD + bonus), WAD * WAD) * repay) / (debt - repay)
    assert (after <= Fraction(weighted, debt)) == is_toxic(weighted, debt, threshold, bonus)


@given(values, values, thresholds, bonuses)
def test_the_capped_bonus_is_the_largest_that_is_not_toxic(collateral, debt, threshold, bonus):
    weighted = collateral * threshold // WAD
    capped = non_toxic_bonus_ratio(bonus, weighted, debt, threshold)
    if capped is None:
        assert is_toxic(weighted, debt, threshold, 0)
        return
    assert 0 <= capped <= bonus
    assert not is_toxic(weighted, debt, threshold, capped)
    assert capped == bonus or is_toxic(weighted, debt, threshold, capped + 1)


@given(st.integers(0, 10**30), prices, units, prices, units, bonuses, st.integers(0, WAD))
def test_rounding_never_favours_the_keeper(repay, debt_price, debt_unit, price, unit, bonus, fee):
    pair = (debt_price, debt_unit, price, unit, bonus)
    seize = seize_amount_down(repay, *pair)
    assert repay_amount_up(seize, *pair) <= repay
    assert seize_amount_down(repay_amount_up(seize, *pair), *pair) == seize
    fee_amount = bonus_fee_amount_up(seize, bonus, fee)
    assert 0 <= fee_amount <= seize
    exact_fee = Fraction(seize * bonus * fee, (WAD + bonus) * WAD)
    assert exact_fee <= fee_amount < exact_fee + 1


@given(values, bonuses)
def test_what_collateral_recovers_never_costs_more_than_it_is_worth(collateral, bonus):
    repay = recoverable_value(collateral, bonus)
    assert Fraction(repay * (WAD + bonus), WAD) <= collateral < Fraction((repay + 1) * (WAD + bonus), WAD)


@settings(max_examples=200)
@given(
    st.integers(0, 10**24), st.integers(0, 10**24), units, thresholds, st.integers(0, 10**27), st.integers(0, 10**27)
)
def test_the_liquidation_price_divides_the_healthy_prices_from_the_others(held, owed, unit, threshold, weighted, debt):
    def liquidatable(price: int) -> bool:
        value = Fraction(price, unit)
        return weighted + held * value * Fraction(threshold, WAD) < debt + owed * value

    price = liquidation_price(held, owed, unit, threshold, weighted, debt)
    if price is None:
        slope = held * threshold - owed * WAD
        assert slope == 0 or not any(liquidatable(p) for p in (1, 2, 10**18, 10**30))
        return
    assert liquidatable(price)
    if held * threshold > owed * WAD:
        assert not liquidatable(price + 1)
    else:
        assert price == 1 or not liquidatable(price - 1)


@given(st.integers(0, 10**40), st.integers(1, 10**40))
def test_the_health_factor_says_below_one_exactly_below_the_line(weighted, debt):
    assert (health_factor_ratio(weighted, debt) < WAD) == (weighted < debt)
