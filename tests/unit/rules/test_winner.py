import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.rules.short_winners import LOSS, MARK, SHORTS

from seawall.fixed import WAD
from seawall.ledger.deleveraging import MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.rules.winner import cost_price, gains_and_caps, margin_value, notional_value, profit_value

LOST_BY_A_SHORT = UncoveredLoss(DEBT, 600, 1, MARK, 76 * WAD, 2_400 * WAD)


def test_profits_are_those_of_the_documents():
    assert [profit_value(winner, LOSS) // WAD for winner in SHORTS] == [30_000, 6_000, 800, 7_500, 700, -200]


def test_a_long_gains_what_a_short_loses():
    assert [profit_value(winner, LOST_BY_A_SHORT) for winner in SHORTS] == [
        -profit_value(winner, LOSS) for winner in SHORTS
    ]


def test_a_winner_pays_what_the_price_is_worse_than_the_mark():
    assert cost_price(LOSS) == cost_price(LOST_BY_A_SHORT) == 4 * WAD
    assert cost_price(replace(LOSS, deleveraging_price=MARK)) == 0
    assert cost_price(replace(LOSS, side=DEBT)) == -4 * WAD


def test_profit_rounds_down_and_notional_value_and_margin_up():
    winner = Winner(b"w", 1, 5, 0, 0, (MarginLine(7, 3), MarginLine(7, -3)))
    gained = UncoveredLoss(COLLATERAL, 1, 10, 2, 3, 1)
    assert profit_value(winner, gained) == 0
    assert profit_value(winner, replace(gained, side=DEBT)) == -1
    assert notional_value(winner, gained) == 1
    assert margin_value(winner, 1, 10) == 8
    assert margin_value(replace(winner, margin_lines=winner.margin_lines[1:]), 1, 10) == 7
    assert margin_value(winner, 0, 10) == 7


def test_margin_is_that_of_the_highest_line():
    tiers = (MarginLine(0, WAD), MarginLine(-500 * WAD, 2 * WAD))
    winner = replace(SHORTS[0], margin_lines=tiers)
    assert [margin_value(winner, balance, 1) // WAD for balance in (499, 500, 501)] == [499, 500, 502]


def cap(winner: Winner, loss: UncoveredLoss = LOSS) -> int:
    return gains_and_caps([winner], loss)[1][0]


@pytest.mark.parametrize(("entry", "most"), [(84, 200), (81, 50), (83, 150), (85, 200)])
def test_nobody_pays_more_than_the_profit_nor_closes_more_than_there_is(entry, most):
    assert cap(replace(SHORTS[2], entry_price=entry * WAD, equity_value=10**6 * WAD)) == most


def test_profit_that_is_one_unit_short_of_a_contract_pays_one_less():
    rich = replace(SHORTS[2], balance=50, equity_value=10**6 * WAD)
    for missing, most in ((0, 50), (1, 49), (-1, 50)):
        assert cap(replace(rich, entry_price=84 * WAD - missing)) == most


def test_gains_are_not_rounded_and_who_has_lost_has_none():
    gains, caps = gains_and_caps(SHORTS, LOSS)
    assert gains == [30_000 * WAD, 6_000 * WAD, 800 * WAD, 7_500 * WAD, 700 * WAD, 0]
    assert caps == [1_000, 300, 200, 500, 10, 0]
    fine = replace(LOSS, unit=10, mark_price=80, deleveraging_price=84)
    assert gains_and_caps([replace(SHORTS[0], balance=7, entry_price=81)], fine)[0] == [7]
    assert gains_and_caps([replace(SHORTS[0], entry_price=MARK)], LOSS) == ([0], [0])


@pytest.mark.parametrize(
    ("equity", "most"),
    [
        (160, 0),  # its margin, 200 * 0.8
        (160 + 319, 99),  # a contract costs 4 and frees 0.8
        (160 + 320, 100),
        (160 + 323, 100),
        (159, 0),  # already below
        (-1, 0),
    ],
)
def test_nobody_is_pushed_below_its_own_margin(equity, most):
    assert cap(replace(SHORTS[2], equity_value=equity * WAD)) == most


def test_a_winner_below_its_margin_is_not_asked_even_where_closing_would_heal_it():
    lines = (MarginLine(0, 10 * WAD),)
    assert [cap(replace(SHORTS[2], equity_value=equity, margin_lines=lines)) for equity in (2_000 * WAD - 1, 2_000 * WAD)] == [0, 200]  # fmt: skip


def test_a_hedge_is_worth_its_margin():
    """The short hedges the rest: each contract that is closed costs 4 and needs 16 more."""
    hedged = replace(SHORTS[1], equity_value=1_000 * WAD, margin_lines=(MarginLine(4_800 * WAD, -16 * WAD),))
    assert margin_value(hedged, 300, 1) == 0
    assert cap(hedged) == 50


def test_each_line_holds_a_cap_of_its_own():
    lines = (MarginLine(0, WAD), MarginLine(400 * WAD, -WAD))
    for equity, most in ((300, 0), (302, 0), (303, 1), (399, 33), (600, 100), (699, 119), (700, 120)):
        assert cap(replace(SHORTS[1], equity_value=equity * WAD, margin_lines=lines)) == most


@settings(max_examples=300, deadline=None)
@given(
    balance=st.integers(1, 10**6),
    equity=st.integers(-(10**3), 10**6),
    gain_price=st.integers(1, 10**4),
    cost=st.integers(1, 10**5),
    unit=st.sampled_from([1, 7, 1_000]),
    lines=st.lists(st.tuples(st.integers(-(10**5), 10**6), st.integers(-(10**4), 10**5)), min_size=1, max_size=3),
)
@example(balance=2, equity=1, gain_price=1, cost=1, unit=7, lines=[(0, 1)])
def test_the_cap_leaves_margin_and_more_would_not(balance, equity, gain_price, cost, unit, lines):
    winner = Winner(b"w", balance, 10 + gain_price, 0, equity, tuple(MarginLine(*line) for line in lines))
    loss = UncoveredLoss(COLLATERAL, balance, unit, 10, 10 + cost, 1)
    most = cap(winner, loss)
    profit = profit_value(winner, loss)

    def room(closed: int) -> int:
        """What is left above the highest line, times the unit, before anything is paid."""
        return min((equity - rest) * unit - (balance - closed) * slope for rest, slope in lines)

    def paid(closed: int) -> int:
        return -(closed * cost // -unit)

    assert 0 <= most <= balance
    if room(0) < 0:
        assert most == 0
        return
    assert paid(most) <= profit
    assert room(most) >= paid(most) * unit
    if most < balance:
        # One more costs more than is there, where what it pays is rounded up by as much as can be.
        more = most + 1
        assert paid(more) > profit or room(more) < more * cost + unit - 1
