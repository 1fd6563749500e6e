from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.rules.short_winners import LOSS, WINNERS, closed

from seawall.fixed import WAD
from seawall.ledger.deleveraging import MarginLine, UncoveredLoss, Winner
from seawall.ledger.market import COLLATERAL, DEBT
from seawall.rules.exact_budget import budget_amount, exact_budget_cuts
from seawall.rules.winner import gains_and_caps, profit_value


def test_everybody_gives_the_same_share_of_its_profit():
    cuts = exact_budget_cuts(LOSS, WINNERS)
    assert closed(cuts) == (400, 80, 11, 100, 9)
    assert sum(cut.paid_value for cut in cuts) == LOSS.loss_value
    fine = [replace(winner, balance=winner.balance * 10**18) for winner in WINNERS]
    cuts = exact_budget_cuts(replace(LOSS, unit=10**18, balance=600 * 10**18), fine)
    paid = [Fraction(cut.paid_value, profit_value(winner, LOSS)) for cut, winner in zip(cuts, WINNERS, strict=True)]
    assert [round(float(share), 6) for share in paid] == [0.053333] * 5


def test_a_split_position_pays_as_one_would():
    parts = [
        replace(WINNERS[0], account=b"W1" + bytes([nth]), balance=50, equity_value=4_500 * WAD) for nth in range(20)
    ]
    cuts = exact_budget_cuts(LOSS, sorted((*parts, *WINNERS[1:]), key=lambda winner: winner.account))
    assert sum(cut.closed_amount for cut in cuts if cut.account.startswith(b"W1")) == 400


@pytest.mark.parametrize(
    ("loss_value", "budget"),
    [(4 * WAD - 1, 1), (4 * WAD, 1), (4 * WAD + 1, 2), (2_400 * WAD, 600), (2_400 * WAD + 1, 600)],
)
def test_the_budget_is_the_least_amount_that_pays_the_loss(loss_value, budget):
    assert budget_amount(replace(LOSS, loss_value=loss_value)) == budget


def test_the_last_unit_pays_only_what_is_missing():
    cuts = exact_budget_cuts(replace(LOSS, loss_value=2_399 * WAD + 7), WINNERS)
    assert closed(cuts) == (400, 80, 11, 100, 9)
    assert sum(cut.paid_value for cut in cuts) == 2_399 * WAD + 7


def test_who_cannot_pay_more_is_capped_and_the_rest_goes_round():
    """W1 may close 100 of its 400; the others take over 300 pro rata to 6,000, 800, 7,500 and 700, W5 whole."""
    poor = replace(WINNERS[0], equity_value=(800 + 320) * WAD)
    cuts = exact_budget_cuts(LOSS, (poor, *WINNERS[1:]))
    assert closed(cuts) == (100, 206, 27, 257, 10)
    assert sum(cut.paid_value for cut in cuts) == LOSS.loss_value


def test_what_nobody_can_pay_is_left_unpaid():
    cuts = exact_budget_cuts(LOSS, WINNERS[2:3])
    assert closed(cuts) == (0, 0, 200, 0, 0)
    assert sum(cut.paid_value for cut in cuts) == 800 * WAD
    assert exact_budget_cuts(LOSS, ()) == ()


def test_a_position_smaller_than_the_loss_is_closed_whole_and_no_more():
    cuts = exact_budget_cuts(replace(LOSS, balance=599), WINNERS)
    assert sum(cut.closed_amount for cut in cuts) == 599
    assert sum(cut.paid_value for cut in cuts) == 599 * 4 * WAD


def test_equal_remainders_go_to_the_first():
    twins = [replace(WINNERS[0], account=name) for name in (b"a", b"b", b"c")]
    cuts = exact_budget_cuts(replace(LOSS, loss_value=5 * 4 * WAD), twins)
    assert [cut.closed_amount for cut in cuts] == [2, 2, 1]


sizes = st.one_of(st.integers(1, 50), st.integers(1, 2**127))
winners = st.builds(
    lambda balance, entry, equity, lines: (balance, entry, equity, tuple(MarginLine(*line) for line in lines)),
    sizes,
    st.integers(1, 200),
    st.one_of(st.integers(0, 10**4), st.integers(0, 2**127)),
    st.lists(st.tuples(st.integers(-50, 5_000), st.integers(-20, 20)), min_size=1, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(
    drawn=st.lists(winners, max_size=8),
    side=st.sampled_from([COLLATERAL, DEBT]),
    unit=st.sampled_from([1, 3, 10**18]),
    balance=sizes,
    loss_value=sizes,
    cost=st.integers(1, 90),
)
def test_the_loss_and_not_a_unit_more_and_nobody_beyond_what_it_can_give(drawn, side, unit, balance, loss_value, cost):
    book = [Winner(bytes([nth]), *fields[:2], 0, *fields[2:]) for nth, fields in enumerate(drawn)]
    price = 100 - cost if side == DEBT else 100 + cost
    loss = UncoveredLoss(side, balance, unit, 100, price, loss_value)
    cuts = {cut.account: cut for cut in exact_budget_cuts(loss, book)}
    budget = budget_amount(loss)
    assert budget == balance or (budget - 1) * cost < loss_value * unit <= budget * cost
    caps = gains_and_caps(book, loss)[1]
    room = sum(caps)
    for winner, cap in zip(book, caps, strict=True):
        profit = profit_value(winner, loss)
        if winner.account not in cuts:
            continue
        cut = cuts[winner.account]
        assert 0 < cut.closed_amount <= cap
        assert 0 <= cut.paid_value <= profit
        assert cut.paid_value * unit <= cut.closed_amount * cost + unit - 1
        left = winner.balance - cut.closed_amount
        equity = winner.equity_value - cut.paid_value
        assert all((equity - line.rest_value) * unit >= left * line.slope_price for line in winner.margin_lines)
    amount = sum(cut.closed_amount for cut in cuts.values())
    paid = sum(cut.paid_value for cut in cuts.values())
    assert amount == min(budget, room)
    assert paid <= loss_value
    if amount == budget and budget * cost >= loss_value * unit:
        assert paid == loss_value
