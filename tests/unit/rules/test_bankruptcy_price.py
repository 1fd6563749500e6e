"""Bankruptcy and fillable prices of one documented account, and what must hold for any."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seawall.fixed import WAD
from seawall.rules.bankruptcy_price import bankruptcy_price
from seawall.rules.fillable_price import FillableRule, fillable_price

UNIT = 10**9
RULE = FillableRule(WAD, 15 * 10**17)
# 10 BTC long at 100,000 with 1.2 % margin, 2,000 SOL short at 200 with 5 %.
BTC = (100_000, 10, 12_000, False)
SOL = (200, 2_000, 20_000, True)
MARGIN = 32_000


def prices(contract, equity, step=1):
    price, size, margin, is_short = contract
    shared = (equity * WAD, MARGIN * WAD, size * UNIT, UNIT, is_short)
    fillable = fillable_price(price * size * WAD, margin * WAD, *shared, RULE, step)
    bankruptcy = bankruptcy_price(price * WAD, equity * WAD, margin * WAD, MARGIN * WAD, size * UNIT, UNIT, is_short)
    return Fraction(fillable, WAD), Fraction(bankruptcy, WAD)


@pytest.mark.parametrize(
    ("equity", "btc", "sol"),
    [
        (31_680, ("99982", "98812"), ("200.15", "209.90")),
        (16_000, ("99100", "99400"), ("207.50", "205.00")),
        (4_000, ("98425", "99850"), ("213.125", "201.25")),
        (-3_200, ("98200", "100120"), ("215.00", "199.00")),
    ],
)
def test_prices_are_those_of_the_documented_account(equity, btc, sol):
    assert prices(BTC, equity) == tuple(map(Fraction, btc))
    assert prices(SOL, equity) == tuple(map(Fraction, sol))


def test_a_healthy_account_is_offered_at_the_mark_price():
    assert prices(BTC, 40_000)[0] == 100_000
    assert prices(BTC, MARGIN)[0] == 100_000
    assert prices(SOL, MARGIN)[0] == 200


@pytest.mark.parametrize(("equity", "is_worse"), [(19_199, True), (19_200, False), (19_201, False)])
def test_the_fund_pays_for_solvent_accounts_below_six_tenths(equity, is_worse):
    fillable, bankruptcy = prices(BTC, equity)
    assert (fillable < bankruptcy) == is_worse
    fillable, bankruptcy = prices(SOL, equity)
    assert (fillable > bankruptcy) == is_worse


def test_the_fillable_price_stands_on_a_step_towards_the_account():
    assert prices(BTC, 4_000, 100 * WAD)[0] == 98_500
    assert prices(SOL, 4_000, WAD // 10)[0] == Fraction("213.1")
    assert prices(BTC, 4_000, 10**6 * WAD)[0] == 10**6
    assert prices(SOL, 4_000, 10**6 * WAD)[0] == 10**6


def test_with_one_contract_it_is_where_the_equity_is_zero():
    assert bankruptcy_price(100_000 * WAD, 50_000 * WAD, 1, 1, 10 * UNIT, UNIT, False) == 95_000 * WAD
    assert bankruptcy_price(100_000 * WAD, 50_000 * WAD, 1, 1, 10 * UNIT, UNIT, True) == 105_000 * WAD
    assert bankruptcy_price(WAD, 50 * WAD, 1, 1, UNIT, UNIT, False) == -49 * WAD


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-(10**24), 10**24),
    st.lists(
        st.tuples(st.integers(1, 10**24), st.integers(1, 10**15), st.integers(1, 10**22), st.booleans()),
        min_size=1,
        max_size=5,
    ),
)
def test_closing_everything_there_leaves_nothing_and_never_a_debt(equity, contracts):
    margin = sum(each for _, _, each, _ in contracts)
    left = Fraction(equity)
    bound = Fraction(0)
    for price, balance, own, is_short in contracts:
        at = bankruptcy_price(price, equity, own, margin, balance, UNIT, is_short)
        left += Fraction(balance * (at - price) * (-1 if is_short else 1), UNIT)
        bound += Fraction(balance, UNIT)
    assert 0 <= left < bound or left == 0


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-(10**24), 10**24), st.integers(1, 10**24), st.integers(1, 10**15), st.integers(1, 10**22),
    st.integers(0, 10**22), st.booleans(), st.integers(1, 10**20),
)  # fmt: skip
def test_the_fillable_price_is_the_formula_rounded_to_a_step(equity, price, balance, own, others, is_short, step):
    margin, notional = own + others, price * balance // UNIT
    found = fillable_price(notional, own, equity, margin, balance, UNIT, is_short, RULE, step)
    insolvency = min(max(1 - Fraction(equity, margin), 0), 1)
    way = insolvency * Fraction(3, 2) * own
    exact = Fraction(notional + way if is_short else notional - way) * UNIT / balance
    assert found % step == 0
    assert found >= step
    if found > step:
        assert (found <= exact < found + step) if is_short else (found - step < exact <= found)
