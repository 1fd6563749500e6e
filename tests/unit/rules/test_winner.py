import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.rules.short_winners import LOSS, MARK, SHORTS

from seawall.fixed import WAD
from seawall.ledger.deleveraging import MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.rules.winner import cap_amount, cost_price, margin_value, notional_value, profit_value

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
    return cap_amount(winner, profit_value(winner, loss), cost_price(loss), loss.unit)


@pytest.mark.parametrize(("entry", "most"), [(84, 200), (81, 50), (83, 150), (85, 200)])
def test_nobody_pays_more_than_the_profit_nor_closes_more_than_there_is(entry, most):
    assert cap(replace(SHORTS[2], entry_price=entry * WAD, equity_value=10**6 * WAD)) == most


def test_profit_that_is_one_unit_short_of_a_contract_pays_one_less():
    rich = replace(SHORTS[2], balance=1_000, equity_value=10**6 * WAD)
    for missing, most in ((0, 50), (1, 49), (-1, 50)):
        assert cap_amount(rich, 200 * WAD - missing, 4 * WAD, 1) == most


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
    profit=st.integers(1, 10**6),
    cost=st.integers(1, 10**5),
    unit=st.sampled_from([1, 7, 1_000]),
    lines=st.lists(st.tuples(st.integers(-(10**5), 10**6), st.integers(-(10**4), 10**5)), min_size=1, max_size=3),
)
@example(balance=2, equity=1, profit=1, cost=1, unit=7, lines=[(0, 1)])
def test_the_cap_leaves_margin_and_more_would_not(balance, equity, profit, cost, unit, lines):
    winner = Winner(b"w", balance, 1, 0, equity, tuple(MarginLine(*line) for line in lines))
    cap = cap_amount(winner, profit, cost, unit)

    def is_sound(closed: int, paid: int) -> bool:
        left = balance - closed
        return paid <= profit and all((equity - paid - rest) * unit >= left * slope for rest, slope in lines)

    assert 0 <= cap <= balance
    if not is_sound(0, 0):
        assert cap == 0
        return
    if cap:
        assert is_sound(cap, -(cap * cost // -unit))
    if cap < balance:
        # One more costs more than is there, where what it pays is rounded up by as much as can be.
        more = cap + 1
        assert more * cost > profit * unit or not all(
            (equity - rest) * unit - more * cost - (unit - 1) >= (balance - more) * slope for rest, slope in lines
        )
